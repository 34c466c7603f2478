-- Append the points that a gateway witnessed as one entry, once: a batch whose answer was lost is sent again.
--
-- KEYS[1]  the event stream
-- KEYS[2]  the nudge flag
-- KEYS[3]  set once this batch is in the stream
-- ARGV[1]  life of the nudge flag, ms
-- ARGV[2]  life of KEYS[3], s
-- ARGV[3]  pub/sub channel for control messages
-- ARGV[4]  the control message that asks for a drain
-- ARGV[5…] the points
--
-- Returns 1, or 0 when the batch was there already.

if redis.call('EXISTS', KEYS[3]) == 1 then return 0 end

local entry = {}
for i = 5, #ARGV do
    entry[#entry + 1] = i - 5 -- fields are numbered: readers fold equal names into one
    entry[#entry + 1] = ARGV[i]
end
redis.call('XADD', KEYS[1], '*', unpack(entry))
redis.call('SET', KEYS[3], 1, 'EX', ARGV[2])
if redis.call('SET', KEYS[2], 1, 'NX', 'PX', ARGV[1]) then redis.call('PUBLISH', ARGV[3], ARGV[4]) end
return 1
