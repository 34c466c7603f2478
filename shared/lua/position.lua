-- The position of a channel, made when it has none, so that a snapshot always stands somewhere.
--
-- KEYS[1]  position hash: v (version), e (epoch)
-- KEYS[2]  history stream: what is left of an earlier epoch goes with it, or publishing version 1 would fail
-- ARGV[1]  a fresh epoch
-- ARGV[2]  position life, s
--
-- Returns { version, epoch }.

if redis.call('HSETNX', KEYS[1], 'e', ARGV[1]) == 1 then
    redis.call('HSET', KEYS[1], 'v', 0)
    redis.call('EXPIRE', KEYS[1], ARGV[2])
    redis.call('DEL', KEYS[2])
end
local position = redis.call('HMGET', KEYS[1], 'v', 'e')
return { tonumber(position[1] or 0), position[2] }
