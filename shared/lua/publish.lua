-- Number, keep and publish a channel's pushes in one atomic step (3-realtime 3.2).
--
-- KEYS[1]  position hash of the channel: v (version), e (epoch)
-- KEYS[2]  history stream; entry id = version
-- ARGV[1]  pub/sub channel
-- ARGV[2]  a fresh epoch, used when the position was lost
-- ARGV[3]  history length, entries
-- ARGV[4]  history life, s
-- ARGV[5]  position life, s
-- ARGV[6…] per push: type, the frame up to where the version goes
--
-- A message is '<version> <type> <frame>', the frame complete. Returns the channel's new version.

if redis.call('HSETNX', KEYS[1], 'e', ARGV[2]) == 1 then redis.call('DEL', KEYS[2]) end
local epoch = redis.call('HGET', KEYS[1], 'e')
local version = 0
for i = 6, #ARGV, 2 do
    version = redis.call('HINCRBY', KEYS[1], 'v', 1)
    local frame = ARGV[i + 1] .. ',"version":' .. version .. ',"epoch":"' .. epoch .. '"}}'
    local message = version .. ' ' .. ARGV[i] .. ' ' .. frame
    redis.call('XADD', KEYS[2], 'MAXLEN', '~', ARGV[3], version .. '-0', 'm', message)
    redis.call('PUBLISH', ARGV[1], message)
end
redis.call('EXPIRE', KEYS[1], ARGV[5])
redis.call('EXPIRE', KEYS[2], ARGV[4])
return version
