-- Apply a step to a game if it is still at the version that the step was decided on.
-- KEYS: game hash, stream. ARGV: epoch, v before, v after, replid, state, moved (1/0), ttl ms, then frame and row of each event.
-- publish.lua publishes the events, after the commit to PostgreSQL.
local held = redis.call('HMGET', KEYS[1], 'epoch', 'v', 'replid')
if not held[1] then return {'missing'} end
if held[3] ~= ARGV[4] then return {'foreign'} end
if held[1] ~= ARGV[1] or held[2] ~= ARGV[2] then return {'conflict'} end
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
redis.call('HSET', KEYS[1], 'v', ARGV[3], 'state', ARGV[5])
if ARGV[6] == '1' then redis.call('HSET', KEYS[1], 'since', now) end
local v = tonumber(ARGV[2])
for i = 8, #ARGV, 2 do
  v = v + 1
  redis.call('XADD', KEYS[2], 'MAXLEN', 64, ARGV[1] .. '-' .. v, 'f', ARGV[i], 'r', ARGV[i + 1])
end
redis.call('PEXPIRE', KEYS[1], ARGV[7])
redis.call('PEXPIRE', KEYS[2], ARGV[7])
return {'ok', now}
