-- Put a game into Redis: a new one, or one read back from PostgreSQL.
-- KEYS: game hash, stream. ARGV: epoch, v, state, replid, ttl ms, channel, epoch to replace ('': only replace a hash that
-- is missing or has another replid).
-- If another server was first, its hash stays: it is the same game.
local held = redis.call('HMGET', KEYS[1], 'epoch', 'replid')
if held[1] and held[2] == ARGV[4] and held[1] ~= ARGV[7] then
  return {'held'}
end
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
redis.call('DEL', KEYS[1], KEYS[2])
redis.call('HSET', KEYS[1], 'epoch', ARGV[1], 'v', ARGV[2], 'committed', ARGV[2], 'since', now, 'state', ARGV[3],
  'replid', ARGV[4])
redis.call('PEXPIRE', KEYS[1], ARGV[5])
redis.call('SPUBLISH', ARGV[6], 'reload')
return {'ok', now}
