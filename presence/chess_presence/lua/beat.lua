-- Write a pod's record. KEYS: records, expiry, drains. ARGV: uid, record, ttl in ms, census channel, message.
-- Returns {now in ms, this pod's drain order or false}.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local ttl = tonumber(ARGV[3])
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
redis.call('ZADD', KEYS[2], now + ttl, ARGV[1])
-- A deleted cluster leaves no keys behind. read.lua removes expired records long before.
redis.call('PEXPIRE', KEYS[1], ttl * 20)
redis.call('PEXPIRE', KEYS[2], ttl * 20)
redis.call('PUBLISH', ARGV[4], ARGV[5])
return {now, redis.call('HGET', KEYS[3], ARGV[1])}
