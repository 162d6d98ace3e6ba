"""Games and moves."""

from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make the tables."""
    op.execute("""
        CREATE TABLE games (
            id text PRIMARY KEY,
            white_player text NOT NULL,
            black_player text NOT NULL,
            white_sri text NOT NULL DEFAULT '',
            black_sri text NOT NULL DEFAULT '',
            initial_seconds integer NOT NULL,
            increment_seconds integer NOT NULL,
            status text NOT NULL,
            winner text,
            result text NOT NULL DEFAULT '*',
            pgn text,
            epoch integer NOT NULL DEFAULT 1,
            created_at timestamptz NOT NULL DEFAULT now(),
            finished_at timestamptz
        )
    """)
    op.execute("CREATE INDEX games_in_play ON games (id) WHERE status = 'started'")
    op.execute("""
        CREATE TABLE moves (
            game_id text NOT NULL REFERENCES games (id) ON DELETE CASCADE,
            ply integer NOT NULL,
            uci text NOT NULL,
            san text NOT NULL,
            player_move_id bigint NOT NULL,
            white_ms integer NOT NULL,
            black_ms integer NOT NULL,
            played_at timestamptz NOT NULL DEFAULT now(),
            PRIMARY KEY (game_id, ply)
        )
    """)


def downgrade() -> None:
    """Drop the tables."""
    op.execute("DROP TABLE moves")
    op.execute("DROP TABLE games")
