-- When the turn of a game began: never in the future, where the moment lies if the clock was set back since.
-- KEYS: game hash.
local since = redis.call('HGET', KEYS[1], 'since')
if not since then return {'missing'} end
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
if tonumber(since) > now then
  since = tostring(now)
  redis.call('HSET', KEYS[1], 'since', since)
end
return {'ok', since}
