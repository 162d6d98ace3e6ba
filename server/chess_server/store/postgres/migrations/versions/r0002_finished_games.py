"""Finished games: an index by the time of their end, and their PGN written from the moves.

Servers of the version before still write `games.pgn`; what they wrote counts. New ones store each move once.
"""

from alembic import op

revision = "0002"
down_revision = "0001"

INDEX = "CREATE INDEX IF NOT EXISTS games_finished ON games (finished_at) WHERE finished_at IS NOT NULL"
"""On a large table, make it CONCURRENTLY before this revision: then there is nothing left to do."""

PGNS = r"""
CREATE VIEW pgns AS
SELECT id, status, winner, result, CASE
  WHEN status = 'started' THEN NULL
  WHEN pgn IS NOT NULL THEN pgn
  ELSE
    '[Event "Pool ' || initial_seconds / 60 || '+' || increment_seconds || E'"]\n'
    || '[Site "' || id || E'"]\n'
    || '[Date "' || to_char(created_at AT TIME ZONE 'UTC', 'YYYY.MM.DD') || E'"]\n'
    || E'[Round "-"]\n[White "?"]\n[Black "?"]\n'
    || '[Result "' || result || E'"]\n'
    || '[UTCTime "' || to_char(created_at AT TIME ZONE 'UTC', 'HH24:MI:SS') || E'"]\n'
    || '[TimeControl "' || initial_seconds || '+' || increment_seconds || E'"]\n'
    || '[Termination "' || CASE
         WHEN status = 'outoftime' THEN 'Time forfeit'
         WHEN status = 'timeout' THEN 'Abandoned'
         WHEN status IN ('aborted', 'noStart') THEN 'Unterminated'
         ELSE 'Normal' END || E'"]\n\n'
    || regexp_replace(concat_ws(' ', (
         SELECT string_agg(CASE WHEN ply % 2 = 1 THEN (ply + 1) / 2 || '. ' || san ELSE san END, ' ' ORDER BY ply)
         FROM moves WHERE game_id = games.id
       ), result), '(.{1,79})( |$)', E'\\1\n', 'g')
  END AS pgn
FROM games
"""
"""Headers, an empty line, and the moves in lines of less than 80 characters. Players have no names."""


def upgrade() -> None:
    """Add both."""
    op.execute(INDEX)
    op.execute(PGNS)


def downgrade() -> None:
    """Drop both."""
    op.execute("DROP VIEW pgns")
    op.execute("DROP INDEX games_finished")
