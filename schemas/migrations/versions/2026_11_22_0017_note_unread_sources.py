"""Note which sources had not been read to their end when a model was trained by itself.

It only adds.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "live_model",
        sa.Column(
            "unread",
            postgresql.ARRAY(sa.Text),
            nullable=False,
            server_default="{}",
            comment="Sources not read to their end when it trained itself; once all are, a new one"
            " does.",
        ),
    )
