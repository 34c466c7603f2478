-- Take a seat for one more socket of a person, if they have one left over all gateways.
--
-- KEYS[1]  hash of the person: gateway id → sockets there
-- ARGV[1]  prefix of the keys that say a gateway is alive
-- ARGV[2]  this gateway's id
-- ARGV[3]  sockets the person would have there
-- ARGV[4]  sockets a person may have
-- ARGV[5]  life of the hash, s
--
-- Each gateway writes its own number, so a number that was lost is right again with the next one. What a gateway that
-- crashed had is forgotten with its key. Returns 1, or 0 when there is no seat.

local taken = tonumber(ARGV[3])
local seats = redis.call('HGETALL', KEYS[1])
for i = 1, #seats, 2 do
    if seats[i] ~= ARGV[2] then
        if redis.call('EXISTS', ARGV[1] .. seats[i]) == 1 then
            taken = taken + tonumber(seats[i + 1])
        else
            redis.call('HDEL', KEYS[1], seats[i])
        end
    end
end
if taken > tonumber(ARGV[4]) then return 0 end
redis.call('HSET', KEYS[1], ARGV[2], ARGV[3])
redis.call('EXPIRE', KEYS[1], ARGV[5])
return 1
