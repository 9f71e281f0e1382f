"""Show rows of customers to nobody whose transaction does not name the scope.

It only adds.

The owner of the tables, under whom we write, is exempt; questions are answered under the reader
(registry/storage/guarding.py). Policies name no role, so a backup can be restored anywhere.
"""

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

GUARDED = {
    "customer": "customers:read",
    "customer_link": "customers:read",
    "clean_record": "customers:read",
    "landed_record": "customers:read",
    "quarantined_record": "sync:read",
}


def upgrade() -> None:
    # Lists of elements of every kind are read by name, page by page.
    op.create_index("ix_element_name_id", "element", ["name", "id"])
    for table, scope in GUARDED.items():
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(
            f"""CREATE POLICY needs_scope ON {table} FOR SELECT USING ((
                SELECT '{scope}' = ANY (
                    string_to_array(current_setting('townclerk.scopes', true), ' '))))"""
        )
