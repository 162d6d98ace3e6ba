-- Publish the events up to a version whose rows PostgreSQL now holds. After a move, the next turn begins now.
-- KEYS: game hash, stream. ARGV: epoch, v, channel, how many of the channel's subscriptions are the caller's (0 or 1).
-- Message, in lines: "events <epoch> <since> <first v> <n>", n frames, and the state, empty if it is not the newest.
-- If nobody but the caller listens, nothing is published: the message is the answer, without the state, which it has.
local held = redis.call('HMGET', KEYS[1], 'epoch', 'v', 'committed', 'since', 'state')
if held[1] ~= ARGV[1] then return {'foreign'} end
local committed, upto, since = tonumber(held[3]), tonumber(ARGV[2]), held[4]
if upto <= committed then return {'ok', since} end
local entries = redis.call('XRANGE', KEYS[2], ARGV[1] .. '-' .. (committed + 1), ARGV[1] .. '-' .. upto)
local lines, moved = {}, false
for i, entry in ipairs(entries) do
  lines[i + 1] = entry[2][2]
  if entry[2][4] ~= '' then moved = true end
end
local newest = held[2] == ARGV[2]
if moved and newest then
  local t = redis.call('TIME')
  since = tostring(t[1] * 1000 + math.floor(t[2] / 1000))
  redis.call('HSET', KEYS[1], 'since', since)
end
redis.call('HSET', KEYS[1], 'committed', upto)
lines[1] = 'events ' .. ARGV[1] .. ' ' .. since .. ' ' .. (committed + 1) .. ' ' .. #entries
if ARGV[4] == '1' and redis.call('PUBSUB', 'SHARDNUMSUB', ARGV[3])[2] == 1 then
  lines[#lines + 1] = ''
  return {'ok', since, table.concat(lines, '\n')}
end
lines[#lines + 1] = newest and held[5] or ''
redis.call('SPUBLISH', ARGV[3], table.concat(lines, '\n'))
return {'ok', since}
