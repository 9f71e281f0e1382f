"""Keep the hashes of the files that an interface's document refers to.

It only adds.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "interface_document",
        sa.Column(
            "referenced",
            postgresql.JSONB(),
            nullable=False,
            server_default=sa.text("'{}'::jsonb"),
            comment="Hashes of the files it refers to, by reference.",
        ),
    )
