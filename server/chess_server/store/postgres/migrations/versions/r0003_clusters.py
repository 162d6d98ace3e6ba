"""The cluster that a game belongs to: servers of another leave it alone. Null: of a server of the version before."""

from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Add the column; no row is written."""
    op.execute("ALTER TABLE games ADD COLUMN IF NOT EXISTS cluster text")


def downgrade() -> None:
    """Drop it."""
    op.execute("ALTER TABLE games DROP COLUMN cluster")
