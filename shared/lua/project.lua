-- Let Redis know a session, unless it knows a later one: a session's status only ever moves forward
-- (scheduled, active, then completed or cancelled), so an older reading that arrives late is dropped.
--
-- KEYS[1]  session hash: status, teacher, opens
-- KEYS[2]  roster set
-- ARGV[1]  status
-- ARGV[2]  teacher's user id
-- ARGV[3]  life of both, s
-- ARGV[4]  JSON array of the students' user ids
-- ARGV[5]  when it takes connection events although it has not started, ISO 8601; '' for never
--
-- Returns 1, or 0 when it was dropped.

local rank = { scheduled = 1, active = 2, completed = 3, cancelled = 3 }
local known = redis.call('HGET', KEYS[1], 'status')
if known and rank[known] > rank[ARGV[1]] then return 0 end
redis.call('HSET', KEYS[1], 'status', ARGV[1], 'teacher', ARGV[2], 'opens', ARGV[5])
redis.call('EXPIRE', KEYS[1], ARGV[3])
redis.call('DEL', KEYS[2])
for _, student in ipairs(cjson.decode(ARGV[4])) do redis.call('SADD', KEYS[2], student) end
redis.call('EXPIRE', KEYS[2], ARGV[3])
return 1
