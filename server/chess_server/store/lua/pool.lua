-- Wait in a pool, or be paired with whoever has waited longest.
-- KEYS: waiting (zset sri → since), owners (hash sri → "expiry owner"), paired (hash sri → when).
-- ARGV: op (in: enter or repeat; out: leave), sri, owner (pod|socket), ttl ms, pairing rest ms.
-- An entry lives while its server repeats it; who was paired a moment ago waits for the redirect instead.
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
local function owner_of(sri)
  local held = redis.call('HGET', KEYS[2], sri)
  if not held then return nil end
  local expiry, owner = string.match(held, '^(%d+) (.*)$')
  if tonumber(expiry) < now then return nil end
  return owner
end
local function forget(sri)
  redis.call('ZREM', KEYS[1], sri)
  redis.call('HDEL', KEYS[2], sri)
end
local sri, owner = ARGV[2], ARGV[3]
if ARGV[1] == 'out' then
  if owner_of(sri) == owner then forget(sri) end
  return {'out'}
end
local resting = redis.call('HGET', KEYS[3], sri)
if resting and now - tonumber(resting) < tonumber(ARGV[5]) then return {'resting'} end
for _, other in ipairs(redis.call('ZRANGE', KEYS[1], 0, 31)) do
  local their_owner = owner_of(other)
  if not their_owner then
    forget(other)
  elseif other ~= sri then
    forget(other)
    forget(sri)
    redis.call('HSET', KEYS[3], sri, now, other, now)
    redis.call('PEXPIRE', KEYS[3], ARGV[5])
    return {'paired', other, their_owner}
  end
end
redis.call('ZADD', KEYS[1], 'NX', now, sri)
redis.call('HSET', KEYS[2], sri, (now + ARGV[4]) .. ' ' .. owner)
redis.call('PEXPIRE', KEYS[1], ARGV[4] * 4)
redis.call('PEXPIRE', KEYS[2], ARGV[4] * 4)
return {'waiting'}
