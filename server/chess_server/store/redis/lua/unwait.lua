-- Stop waiting. KEYS: waits, expiry, redirect of this sri.
-- ARGV: op (quit: this socket is gone; out: the client asks), sri, owner, ttl ms.
-- A closed socket ends only its own wait. A client's request ends any wait of its sri, also one that a killed server or a
-- cut socket left behind; it stays in `waits` for as long as such a socket might repeat the wait. The answer is the
-- redirect if the client was paired before.
local held = redis.call('HGET', KEYS[1], ARGV[2])
if ARGV[1] == 'out' then
  local t = redis.call('TIME')
  local now = t[1] * 1000 + math.floor(t[2] / 1000)
  redis.call('HSET', KEYS[1], ARGV[2], '{"owner":""}')
  redis.call('ZADD', KEYS[2], now + ARGV[4], ARGV[2])
  redis.call('PEXPIRE', KEYS[1], ARGV[4] * 4)
  redis.call('PEXPIRE', KEYS[2], ARGV[4] * 4)
  return redis.call('GET', KEYS[3])
end
if held and cjson.decode(held).owner == ARGV[3] then
  redis.call('HDEL', KEYS[1], ARGV[2])
  redis.call('ZREM', KEYS[2], ARGV[2])
end
return false
