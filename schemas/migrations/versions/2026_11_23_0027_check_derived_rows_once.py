"""Let what is made of a record go with it by a trigger, not by foreign keys.

It only adds: three rules become one trigger, which costs nothing where rows are written, and a
fourth said again what the record itself says. docs/decisions/0013 has the measurement.
"""

from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None

# An array is looked up in the index whatever the size of the first delete that a session plans for.
_FORGET = """
CREATE FUNCTION forget_derived() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM match_record WHERE record_id = ANY (ARRAY(SELECT id FROM gone));
    DELETE FROM record_words WHERE record_id = ANY (ARRAY(SELECT id FROM gone));
    DELETE FROM customer_link WHERE record_id = ANY (ARRAY(SELECT id FROM gone));
    RETURN NULL;
END
$$
"""


def upgrade() -> None:
    op.execute(_FORGET)
    op.execute(
        "CREATE TRIGGER forget_derived AFTER DELETE ON landed_record REFERENCING OLD TABLE AS gone"
        " FOR EACH STATEMENT EXECUTE FUNCTION forget_derived()"
    )
    op.drop_constraint("fk_match_record_record_id", "match_record")
    op.drop_constraint("fk_record_words_record_id", "record_words")
    op.drop_constraint("fk_customer_link_record_id", "customer_link")
    op.drop_constraint("fk_clean_record_data_set_id", "clean_record")
    for table in ("match_record", "record_words", "customer_link"):
        op.execute(f"COMMENT ON COLUMN {table}.record_id IS 'The record, with which it goes.'")
    op.execute(
        "COMMENT ON COLUMN clean_record.data_set_id IS 'The data set, as of the landed record.'"
    )
