"""Say of each record which of its values are not used, and why.

It only adds. Records that were cleaned before say nothing until they come again.
"""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "clean_record",
        sa.Column("unused", sa.String(), comment="Which values are not used, and why; no values."),
    )
