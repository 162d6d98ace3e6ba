-- Wait in a pool, and look for an opponent. A pair is promised to each other under a token; only seal.lua, once their
-- game exists, takes both out of the lobby. A promise ends after its time, or with the server that made it.
-- KEYS: waits (hash sri → wait), expiry (sorted set sri → when its wait ends unless repeated), waiting (sorted set of
--   one pool: sri → since), redirect of this sri.
-- ARGV: op (in: the client asks; stay: its server repeats the wait), sri, owner (pod|socket), pool, ttl ms,
--   token (pod|…), promise ms, prefix of the servers' channels.
-- The socket that asked last owns the wait: an older one that repeats it gets `elsewhere`, also after a poolOut.
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
local op, sri, owner, pool, ttl = ARGV[1], ARGV[2], ARGV[3], ARGV[4], tonumber(ARGV[5])
for _, late in ipairs(redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', now)) do
  redis.call('HDEL', KEYS[1], late)
  redis.call('ZREM', KEYS[2], late)
end
local function wait_of(one)
  local held = redis.call('HGET', KEYS[1], one)
  return held and cjson.decode(held)
end
-- A killed server is no longer subscribed: Redis notices first, because the connection ends.
local function subscribed(who)
  local pod = string.match(who, '^[^|]*')
  return redis.call('PUBSUB', 'SHARDNUMSUB', ARGV[8] .. pod)[2] > 0
end
local function promised(wait)
  return wait.token and wait.till > now and subscribed(wait.token)
end
-- Of "sri~digest" the sri: a client that shows a key on one socket and none on another does not play itself.
local function client(one)
  return string.match(one, '^[^~]*')
end
local redirect = redis.call('GET', KEYS[4])
if redirect then return {'redirect', redirect} end
local mine = wait_of(sri)
if op == 'stay' and mine and mine.owner ~= owner then return {'elsewhere'} end
local kept = mine and mine.pool == pool and promised(mine)
mine = mine or {}
mine.pool, mine.owner, mine.token, mine.till = pool, owner, kept and mine.token or nil, kept and mine.till or nil
redis.call('ZADD', KEYS[2], now + ttl, sri)
for _, key in ipairs({KEYS[1], KEYS[2], KEYS[3]}) do redis.call('PEXPIRE', key, ttl * 4) end
local opponent, theirs
if not kept and subscribed(owner) then
  for _, other in ipairs(redis.call('ZRANGE', KEYS[3], 0, -1)) do
    if client(other) ~= client(sri) then
      -- An entry that is skipped here is added again when its server repeats the wait.
      redis.call('ZREM', KEYS[3], other)
      theirs = wait_of(other)
      if theirs and theirs.pool == pool and not promised(theirs) and subscribed(theirs.owner) then
        opponent = other
        break
      end
    end
  end
end
if opponent then
  mine.token, mine.till = ARGV[6], now + tonumber(ARGV[7])
  theirs.token, theirs.till = mine.token, mine.till
  redis.call('HSET', KEYS[1], opponent, cjson.encode(theirs))
end
redis.call('HSET', KEYS[1], sri, cjson.encode(mine))
if mine.token then
  redis.call('ZREM', KEYS[3], sri)
else
  redis.call('ZADD', KEYS[3], 'NX', now, sri)
  redis.call('PEXPIRE', KEYS[3], ttl * 4)
end
return opponent and {'matched', opponent} or {'waiting'}
