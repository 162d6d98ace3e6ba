-- Claim the games whose timer is due, under a lease: if this server dies, they are due again after it.
-- A timer that is further away than any may be was set before the clock was set back: it is due.
-- KEYS: one bucket. ARGV: lease ms, the most games to claim, how far away a timer may be in ms.
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
for _, lost in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], '(' .. (now + ARGV[3]), '+inf')) do
  redis.call('ZADD', KEYS[1], now, lost)
end
local due = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now, 'LIMIT', 0, ARGV[2])
for _, game in ipairs(due) do redis.call('ZADD', KEYS[1], now + ARGV[1], game) end
return due
