-- Seal a promise: both leave the lobby, both redirects are stored and published to their servers. All of it or nothing.
-- KEYS: waits, expiry, redirect of one, redirect of the other, waiting (of their pool).
-- ARGV: token, seconds to keep redirects, prefix of the servers' channels, then sri and frame of each, and the ttl of a wait in ms.
-- If one of the two, or its server, has gone, the other waits again.
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
local sris, frames, waits, pods = {ARGV[4], ARGV[6]}, {ARGV[5], ARGV[7]}, {}, {}
local whole, ttl = true, tonumber(ARGV[8])
for i, sri in ipairs(sris) do
  local held, expiry = redis.call('HGET', KEYS[1], sri), redis.call('ZSCORE', KEYS[2], sri)
  local wait = held and cjson.decode(held)
  if wait and wait.token == ARGV[1] then
    waits[i] = wait
    pods[i] = ARGV[3] .. string.match(wait.owner, '^[^|]*')
    whole = whole and tonumber(expiry or 0) > now and redis.call('PUBSUB', 'SHARDNUMSUB', pods[i])[2] > 0
  else
    whole = false
  end
end
for i, sri in ipairs(sris) do
  if whole then
    redis.call('SET', KEYS[2 + i], frames[i], 'EX', ARGV[2])
    redis.call('HDEL', KEYS[1], sri)
    redis.call('ZREM', KEYS[2], sri)
    redis.call('SPUBLISH', pods[i], sri .. '\n' .. frames[i])
  elseif waits[i] then
    waits[i].token, waits[i].till = nil, nil
    redis.call('HSET', KEYS[1], sri, cjson.encode(waits[i]))
    redis.call('ZADD', KEYS[5], 'NX', now, sri)
    for _, key in ipairs({KEYS[1], KEYS[5]}) do redis.call('PEXPIRE', key, ttl * 4) end
  end
end
return whole and {'sealed'} or {'gone'}
