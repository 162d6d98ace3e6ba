-- Remove expired records, return all others. KEYS: records, expiry. ARGV: ttl in ms.
-- Returns {now in ms, earliest expiry in ms or false, uid, record, uid, record, …}.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local expired = redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', now)
for _, uid in ipairs(expired) do
  redis.call('ZREM', KEYS[2], uid)
  redis.call('HDEL', KEYS[1], uid)
end
-- A record that expires later than any written now was written before the clock was set back: it has its time from now.
local latest = now + tonumber(ARGV[1])
for _, uid in ipairs(redis.call('ZRANGEBYSCORE', KEYS[2], '(' .. latest, '+inf')) do
  redis.call('ZADD', KEYS[2], latest, uid)
end
local head = redis.call('ZRANGE', KEYS[2], 0, 0, 'WITHSCORES')
local answer = {now, head[2] or false}
for _, field in ipairs(redis.call('HGETALL', KEYS[1])) do
  answer[#answer + 1] = field
end
return answer
