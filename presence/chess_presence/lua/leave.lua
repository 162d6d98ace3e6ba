-- Remove a pod's record and its order. KEYS: records, expiry, drains. ARGV: uid, census channel.
redis.call('HDEL', KEYS[1], ARGV[1])
redis.call('HDEL', KEYS[3], ARGV[1])
local known = redis.call('ZREM', KEYS[2], ARGV[1])
redis.call('PUBLISH', ARGV[2], ARGV[1])
return known
