"""Find the copies that are set aside, or that there are none, without looking at other records.

It only adds.
"""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(
        "ix_match_record_aside", "match_record", ["content"], postgresql_where=sa.text("aside")
    )
