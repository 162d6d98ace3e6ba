-- Order a pod to drain, or to stop draining (deadline 0).
-- KEYS: drains. ARGV: uid, deadline in ms or 0, lifetime in ms, orders channel (sharded).
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
redis.call('PEXPIRE', KEYS[1], ARGV[3])
redis.call('SPUBLISH', ARGV[4], ARGV[1])
return 1
