-- Redeem and append a micro-batch of check-ins: one atomic step, so no ticket is spent without its event and no
-- event is kept without its receipt.
--
-- KEYS[1]  the event stream
-- KEYS[2]  the nudge flag
-- ARGV[1]  key prefix
-- ARGV[2]  life of the nudge flag, ms
-- ARGV[3]  life of a receipt, s
-- ARGV[4]  life of a used ticket, s
-- ARGV[5]  JSON array of check-ins: { session id, student id, ticket id ('' without one), check-in id, status,
--          time in ms }, the last three of which make the receipt; one argument,
--          because packing five times as many costs the caller more than decoding one costs here
-- ARGV[6…] the event of each check-in
--
-- Returns { 1 if a drain must be called else 0, verdict… }; a verdict is
--   'A' accepted · 'D' .. first receipt · 'T' ticket used · 'S' .. status: not active · '?' session not projected

local prefix, entry, verdicts = ARGV[1], {}, {}

local statuses = {}

local function status_of(session)
    if statuses[session] == nil then
        local ending = redis.call('EXISTS', prefix .. 'ending:' .. session) == 1
        statuses[session] = ending and 'ending' or redis.call('HGET', prefix .. 'session:' .. session, 'status')
    end
    return statuses[session]
end

local function judge(session, student, ticket, receipt)
    local status = status_of(session)
    if not status then return '?' end
    if status ~= 'active' then return 'S' .. status end
    local receipts = prefix .. 'receipts:' .. session
    local first = redis.call('HGET', receipts, student)
    if first then return 'D' .. first end
    if ticket ~= '' and not redis.call('SET', prefix .. 'used:' .. ticket, student, 'NX', 'EX', ARGV[4]) then
        return 'T'
    end
    redis.call('HSET', receipts, student, receipt)
    redis.call('EXPIRE', receipts, ARGV[3])
    return 'A'
end

for i, item in ipairs(cjson.decode(ARGV[5])) do
    local verdict = judge(item[1], item[2], item[3], string.format('%s %s %.0f', item[4], item[5], item[6]))
    if verdict == 'A' then
        entry[#entry + 1] = #entry / 2 -- fields are numbered: readers fold equal names into one
        entry[#entry + 1] = ARGV[5 + i]
    end
    verdicts[#verdicts + 1] = verdict
end

local call = 0
if #entry > 0 then
    redis.call('XADD', KEYS[1], '*', unpack(entry))
    if redis.call('SET', KEYS[2], 1, 'NX', 'PX', ARGV[2]) then call = 1 end
end
return { call, unpack(verdicts) }
