"""What is asked of PostgreSQL. Several statements go in one message, so that a transaction costs no more round trips.

Values are quoted by the client, the time limits hold for one transaction, and nothing is prepared: a pooler may give
each transaction another session.
"""

STATEMENT_MS = 5000
LOCK_MS = 4000
LIMITS = f"SET LOCAL statement_timeout = {STATEMENT_MS}; SET LOCAL lock_timeout = {LOCK_MS};"
ORPHANED_DAYS = 7
"""After that a game in play is of a cluster that is gone: no game lasts for so long."""
UNNAMED_HOURS = 24
"""After that a game of the version before, which named no cluster, is in play in no other cluster any more."""

WRITE = f"BEGIN; {LIMITS}"
READ = f"BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; {LIMITS}"

BATCH = "BEGIN; SET LOCAL statement_timeout = {statement_ms}; SET LOCAL lock_timeout = {lock_ms};"
LATE_LOCK_MS = 200
"""How long a batch waits for a lock on a move: nobody who stores moves as this server does ever holds one."""

MINE = "ANY(string_to_array(current_setting('chess.games'), ' '))"
"""The games that this transaction has chosen: a setting that ends with it."""

STORE_NEXT = f"""{BATCH}
SELECT set_config('chess.games', coalesce(string_agg(id, ' '), ''), true) FROM (
  SELECT id FROM games WHERE id = ANY(string_to_array(%s, ' ')) ORDER BY id FOR UPDATE SKIP LOCKED
) AS locked;
SELECT set_config('chess.games', coalesce(string_agg(id, ' '), ''), true)
FROM json_to_recordset(%s::json) AS asked (id text, epoch int, after int) JOIN games USING (id, epoch)
WHERE id = {MINE} AND status = 'started'
  AND after = coalesce((SELECT max(ply) FROM moves WHERE game_id = id), 0);
"""
"""Begins a batch that one message stores whole: it chooses the games that are as their entries expect. It sees what was
committed before the locks were taken. Others are left to `LOCK_GAMES`, and to whoever compares."""

STORE_NEXT_MOVES = f"""
INSERT INTO moves (game_id, ply, uci, san, player_move_id, white_ms, black_ms)
SELECT game_id, ply, uci, san, a, white_ms, black_ms FROM json_to_recordset(%s::json)
  AS new (game_id text, ply int, uci text, san text, a bigint, white_ms int, black_ms int)
WHERE game_id = {MINE} ORDER BY game_id, ply;
"""
STORE_NEXT_ENDS = f"""
UPDATE games SET status = ended.status, winner = ended.winner, result = ended.result, finished_at = now()
FROM json_to_recordset(%s::json) AS ended (game_id text, status text, winner text, result text)
WHERE games.id = ended.game_id AND games.id = {MINE};
"""

LOCK_GAMES = f"""{BATCH}
SELECT id FROM games WHERE id = ANY(string_to_array(%s, ' ')) ORDER BY id FOR UPDATE SKIP LOCKED;
SELECT id, epoch, (SELECT max(ply) FROM moves WHERE game_id = games.id), status, winner
FROM games WHERE id = ANY(string_to_array(%s, ' '))
"""
"""The second query sees what was committed before the locks were taken. A game that another transaction holds is
skipped: it does not block the others, and two batches never wait for each other."""

SELECT_HELD = """
SELECT game_id, ply, uci, player_move_id FROM moves
JOIN unnest(%s::text[], %s::int[]) AS asked (game_id, ply) USING (game_id, ply)
"""
STORE_MOVES = """
INSERT INTO moves (game_id, ply, uci, san, player_move_id, white_ms, black_ms)
SELECT game_id, ply, uci, san, a, white_ms, black_ms FROM json_to_recordset(%s::json)
  AS new (game_id text, epoch int, ply int, uci text, san text, a bigint, white_ms int, black_ms int)
JOIN games ON games.id = new.game_id AND games.epoch = new.epoch AND games.status = 'started'
ORDER BY game_id, ply;
"""
STORE_ENDS = """
UPDATE games SET status = ended.status, winner = ended.winner, result = ended.result, finished_at = now()
FROM json_to_recordset(%s::json) AS ended (game_id text, epoch int, status text, winner text, result text)
WHERE games.id = ended.game_id AND games.epoch = ended.epoch AND games.status = 'started';
"""
"""JSON for many rows: a list of arrays takes the client three times as long to write."""

COMMIT = "COMMIT"

INSERT_GAME = f"""{WRITE}
INSERT INTO games
  (id, white_player, black_player, initial_seconds, increment_seconds, status, epoch, cluster)
VALUES (%s, %s, %s, %s, %s, 'started', %s, %s);
COMMIT
"""
WITHDRAW_GAME = f"""{WRITE}
DELETE FROM games WHERE id = %s AND status = 'started' AND NOT EXISTS (SELECT 1 FROM moves WHERE game_id = games.id);
COMMIT
"""
GAME = """id, epoch, white_player, black_player, white_sri, black_sri, initial_seconds, increment_seconds, status,
  winner, (extract(epoch FROM created_at) * 1000)::bigint"""
MOVES = (
    "SELECT ply, uci, san, player_move_id, white_ms, black_ms FROM moves WHERE game_id = %(id)s ORDER BY ply"
)
LOAD_GAME = f"""{READ}
SELECT {GAME} FROM games WHERE id = %(id)s;
{MOVES};
COMMIT
"""
TAKE_OVER = f"""{WRITE}
UPDATE games SET epoch = epoch + 1, cluster = %(cluster)s
WHERE id = %(id)s AND epoch = %(seen)s AND status = 'started' RETURNING {GAME};
{MOVES};
COMMIT
"""
TAKE_BACK = f"""{WRITE}
SELECT 1 FROM games WHERE id = %(id)s FOR UPDATE;
WITH raised AS (
  UPDATE games SET epoch = epoch + 1 WHERE id = %(id)s AND epoch = %(seen)s AND status = 'started'
    AND %(ply)s = (SELECT max(ply) FROM moves WHERE game_id = games.id) RETURNING id
) DELETE FROM moves USING raised WHERE game_id = raised.id AND ply > %(back_to)s RETURNING ply;
COMMIT
"""
"""The lock comes first, so that the second statement sees every move that was stored under the epoch."""
PROBE = f"""{WRITE}
INSERT INTO games (id, white_player, black_player, initial_seconds, increment_seconds, status)
VALUES (%(id)s, '', '', 1, 0, 'started');
INSERT INTO moves (game_id, ply, uci, san, player_move_id, white_ms, black_ms) VALUES (%(id)s, 1, '', '', 0, 0, 0);
ROLLBACK
"""
"""Fails wherever no move can be stored: on a demoted primary, without a right, on a full disk, with locked tables."""

DELETE_FINISHED = f"""{WRITE}
DELETE FROM games USING (
  SELECT id FROM games WHERE finished_at < now() - make_interval(days => %s) AND cluster = %s
  ORDER BY finished_at LIMIT %s FOR UPDATE SKIP LOCKED
) AS old WHERE games.id = old.id RETURNING games.id;
COMMIT
"""
LIVE_GAMES = f"""{READ}
SELECT id FROM games WHERE status = 'started' AND id > %(after)s
  AND (cluster = %(cluster)s OR created_at < now() - interval '{ORPHANED_DAYS} days'
    OR (cluster IS NULL AND created_at < now() - interval '{UNNAMED_HOURS} hours'))
ORDER BY id LIMIT 1000;
COMMIT
"""
