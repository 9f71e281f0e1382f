"""Say of each source once what it is, and which values of a customer it gave.

It only adds. Before, the same source stood anew beside every value: half of what is kept of a
customer. A process of the release before that still runs shows values without their origin, and
what it writes is shown so until a full run has chosen it anew.
"""

from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None

# Groups of values in their order, as they were when this was written.
_GROUPS = """
    ARRAY['given_name', 'initials', 'family_name', 'birth_date', 'gender', 'national_id',
          'organisation_name', 'chamber_number', 'email', 'phone', 'address']
"""


def upgrade() -> None:
    for table in ("customer", "customer_version"):
        op.execute(
            f"""UPDATE {table} SET provenance = jsonb_build_object('sources', coalesce((
                    SELECT jsonb_agg(source ORDER BY position) FROM (
                        SELECT min(position) AS position, said.value || jsonb_build_object(
                            'values', jsonb_agg(said.key ORDER BY position)) AS source
                        FROM jsonb_each(provenance) AS said
                        JOIN unnest({_GROUPS}) WITH ORDINALITY AS named(key, position) USING (key)
                        GROUP BY said.value) AS sources
                ), '[]'))
                WHERE NOT provenance ? 'sources'"""
        )
    op.execute(
        "COMMENT ON COLUMN customer.provenance IS"
        " 'Sources, each with record, data set, source time, rule and the values it gave.'"
    )
