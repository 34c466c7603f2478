-- Append a micro-batch of presence events as one entry, each within its person's limit.
--
-- KEYS[1]  the event stream
-- KEYS[2]  the nudge flag
-- ARGV[1]  key prefix of the limit counters
-- ARGV[2]  life of the nudge flag, ms
-- ARGV[3]  events per person and minute; refused ones count too
-- ARGV[4]  JSON array of the persons' ids
-- ARGV[5…] the event of each
--
-- Returns { 1 if a drain must be called else 0, verdict… }; a verdict is
--   0 accepted · n > 0 refused, free again in n seconds

local entry, verdicts = {}, {}

local function wait(person)
    local counter = ARGV[1] .. person
    if redis.call('INCR', counter) == 1 then redis.call('EXPIRE', counter, 60) end
    if tonumber(redis.call('GET', counter)) <= tonumber(ARGV[3]) then return 0 end
    return math.max(1, redis.call('TTL', counter))
end

for i, person in ipairs(cjson.decode(ARGV[4])) do
    local seconds = wait(person)
    if seconds == 0 then
        entry[#entry + 1] = #entry / 2 -- fields are numbered: readers fold equal names into one
        entry[#entry + 1] = ARGV[4 + i]
    end
    verdicts[#verdicts + 1] = seconds
end

local call = 0
if #entry > 0 then
    redis.call('XADD', KEYS[1], '*', unpack(entry))
    if redis.call('SET', KEYS[2], 1, 'NX', 'PX', ARGV[2]) then call = 1 end
end
return { call, unpack(verdicts) }
