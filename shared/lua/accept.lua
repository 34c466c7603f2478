-- Redeem and append a micro-batch of check-ins: one atomic step, so no ticket is spent without its event and no
-- event is kept without its receipt.
--
-- KEYS[1]  the event stream
-- KEYS[2]  the nudge flag
-- ARGV[1]  key prefix
-- ARGV[2]  life of the nudge flag, ms
-- ARGV[3]  life of a receipt, s
-- ARGV[4]  life of a used ticket, s
-- ARGV[5]  check-ins per student and minute; refused ones count too
-- ARGV[6]  JSON array of check-ins: { session id, student id, ticket id ('' without one), check-in id, status,
--          time in ms, device ('' without one), whether a second student on it is refused }; the three before the
--          device make the receipt; one argument, because packing seven times as many costs the caller more than
--          decoding one costs here
-- ARGV[7…] the event of each check-in
--
-- Returns { 1 if a drain must be called else 0, verdict… }; a verdict is
--   'A' accepted · 'D' .. first receipt · 'T' ticket used · 'V' device used by another student
--   'S' .. status: not active · '?' session not projected, not counted · 'L' .. seconds: too many, free again then

local prefix, entry, verdicts = ARGV[1], {}, {}

local statuses = {}

local function status_of(session)
    if statuses[session] == nil then
        local ending = redis.call('EXISTS', prefix .. 'ending:' .. session) == 1
        statuses[session] = ending and 'ending' or redis.call('HGET', prefix .. 'session:' .. session, 'status')
    end
    return statuses[session]
end

local function is_anothers(session, student, device)
    local owner = device ~= '' and redis.call('HGET', prefix .. 'devices:' .. session, device)
    return owner and owner ~= student
end

local function bind(session, student, device)
    if device == '' then return end
    redis.call('HSETNX', prefix .. 'devices:' .. session, device, student)
    redis.call('EXPIRE', prefix .. 'devices:' .. session, ARGV[3])
end

local function wait(student)
    local counter = prefix .. 'limit:check_ins:' .. student
    if redis.call('INCR', counter) == 1 then redis.call('EXPIRE', counter, 60) end
    if tonumber(redis.call('GET', counter)) <= tonumber(ARGV[5]) then return 0 end
    return math.max(1, redis.call('TTL', counter))
end

local function judge(session, student, ticket, receipt, device, exclusive)
    local status = status_of(session)
    if not status then return '?' end
    local seconds = wait(student)
    if seconds > 0 then return 'L' .. seconds end
    if status ~= 'active' then return 'S' .. status end
    local receipts = prefix .. 'receipts:' .. session
    local first = redis.call('HGET', receipts, student)
    if first then return 'D' .. first end
    if exclusive and is_anothers(session, student, device) then return 'V' end
    if ticket ~= '' and not redis.call('SET', prefix .. 'used:' .. ticket, student, 'NX', 'EX', ARGV[4]) then
        return 'T'
    end
    bind(session, student, device)
    redis.call('HSET', receipts, student, receipt)
    redis.call('EXPIRE', receipts, ARGV[3])
    return 'A'
end

for i, item in ipairs(cjson.decode(ARGV[6])) do
    local receipt = string.format('%s %s %.0f', item[4], item[5], item[6])
    local verdict = judge(item[1], item[2], item[3], receipt, item[7], item[8])
    if verdict == 'A' then
        entry[#entry + 1] = #entry / 2 -- fields are numbered: readers fold equal names into one
        entry[#entry + 1] = ARGV[6 + i]
    end
    verdicts[#verdicts + 1] = verdict
end

local call = 0
if #entry > 0 then
    redis.call('XADD', KEYS[1], '*', unpack(entry))
    if redis.call('SET', KEYS[2], 1, 'NX', 'PX', ARGV[2]) then call = 1 end
end
return { call, unpack(verdicts) }
