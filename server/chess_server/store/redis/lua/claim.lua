-- Claim the games whose timer is due, under a lease: if this server dies, they are due again after it.
-- KEYS: one bucket. ARGV: lease ms, the most games to claim.
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
local due = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now, 'LIMIT', 0, ARGV[2])
for _, game in ipairs(due) do redis.call('ZADD', KEYS[1], now + ARGV[1], game) end
return due
