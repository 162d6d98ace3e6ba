-- The seats of a game: members "w|pod|socket" or "b|pod|socket", which expire unless their server writes them again.
-- KEYS: game hash, seats. ARGV: op (in, out, look), ttl ms, channel, then members.
-- Returns the crowd ("10": White is connected, Black is not) and since when each is away (0: is connected).
-- A change is published: "crowd <crowd> <white left> <black left>".
-- A moment in the future means that the clock was set back: it becomes now, for nobody waits until the clock has caught up.
if redis.call('EXISTS', KEYS[1]) == 0 then return {'missing'} end
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', now)
for _, late in ipairs(redis.call('ZRANGEBYSCORE', KEYS[2], '(' .. (now + ARGV[2]), '+inf')) do
  redis.call('ZADD', KEYS[2], now + ARGV[2], late)
end
for i = 4, #ARGV do
  if ARGV[1] == 'in' then redis.call('ZADD', KEYS[2], now + ARGV[2], ARGV[i]) end
  if ARGV[1] == 'out' then redis.call('ZREM', KEYS[2], ARGV[i]) end
end
redis.call('PEXPIRE', KEYS[2], ARGV[2])
local here = {w = '0', b = '0'}
for _, member in ipairs(redis.call('ZRANGE', KEYS[2], 0, -1)) do here[string.sub(member, 1, 1)] = '1' end
local crowd = here.w .. here.b
local held = redis.call('HMGET', KEYS[1], 'crowd', 'left_w', 'left_b')
local left = {w = held[2] or tostring(now), b = held[3] or tostring(now)}
local reset = false
for _, side in ipairs({'w', 'b'}) do
  if tonumber(left[side]) > now then left[side], reset = tostring(now), true end
  if here[side] == '1' then left[side] = '0' elseif left[side] == '0' then left[side] = tostring(now) end
end
if held[1] ~= crowd or not held[2] or reset then
  redis.call('HSET', KEYS[1], 'crowd', crowd, 'left_w', left.w, 'left_b', left.b)
  redis.call('SPUBLISH', ARGV[3], 'crowd ' .. crowd .. ' ' .. left.w .. ' ' .. left.b)
end
return {'ok', crowd, left.w, left.b}
