-- Write, to learn whether this node takes writes and this user may make them. KEYS: one of its keys. ARGV: ttl ms.
return redis.call('SET', KEYS[1], '', 'PX', ARGV[1])
