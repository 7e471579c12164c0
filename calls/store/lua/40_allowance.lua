-- Allowances: counters of talk time, drained by the calls that run on them.
--
-- One counter is HOLDER:NODE:DAY:d for the whole local day, HOLDER:NODE:DAY:o for its off-hours;
-- the holder is a client, or rID a reseller, whose counters all clients below it share.
-- Hash `:a:ID`: used (ms) as of t, n = calls draining it, limit (ms, empty for none), steps and w =
-- the warning steps and the highest told. `used` at a moment is used + n * (moment - t); it is never
-- clamped, so that it adds up whatever the order in which events arrive, late ones included.
-- Sorted set `:due` holds when each next reaches a warning step or its end.

-- Move `:due` of a counter to the next step it will reach.
local function schedule(P, id, at, used, n, limit, steps, told)
  if not limit or n <= 0 then redis.call('ZREM', P .. ':due', id); return end
  local target = limit
  for _, step in ipairs(words(steps)) do
    local reached = limit * tonumber(step) / 100
    if tonumber(step) > told and reached > used and reached < target then target = reached end
  end
  redis.call('ZADD', P .. ':due', at + math.max(0, math.ceil((target - used) / n)), id)
end

-- Append a warning for each step newly reached; the highest step told so far is returned.
local function warn(P, id, at, used, limit, steps, told)
  if not limit or limit <= 0 then return told end
  for _, step in ipairs(words(steps)) do
    step = tonumber(step)
    if step > told and used * 100 >= step * limit then
      local client, node, day, kind = string.match(id, '^(r?%d+):(.-):(.-):(%a)$')
      if not reseller_of(client) and not string.find(node, '@', 1, true) then
        emit(P, 'warning', { client = client, destination = node, day = day, off = kind == 'o',
          step = step, used = used, limit = limit, at = at })
      end
      told = step
    end
  end
  return told
end

-- Bring a counter to the moment `at`, change its drain by `change` and its use by `add` ms.
-- `terms` {limit, steps} replaces what it is held to. Returns what is left (nil: no limit), the
-- drain and the use.
local function settle(P, id, at, change, add, terms)
  local key = P .. ':a:' .. id
  local v = redis.call('HMGET', key, 'used', 'n', 't', 'limit', 'steps', 'w')
  local n, told = tonumber(v[2]) or 0, tonumber(v[6]) or 0
  local used = (tonumber(v[1]) or 0) + n * (at - (tonumber(v[3]) or at)) + add
  local limit, steps = tonumber(v[4]), v[5]
  if terms then limit, steps = terms.limit, terms.steps end
  n = n + change
  told = warn(P, id, at, used, limit, steps, told)
  redis.call('HSET', key, 'used', whole(used), 'n', n, 't', whole(at),
    'limit', limit and whole(limit) or '', 'steps', steps or '', 'w', told)
  if not v[3] then
    redis.call('EXPIRE', key, COUNTER_SECONDS)
    redis.call('SADD', P .. ':counters:' .. string.match(id, '^r?%d+'), id)
  end
  schedule(P, id, at, used, n, limit, steps, told)
  return limit and limit - used, n, used
end

-- Use at a moment, without touching anything.
local function used_at(P, id, at)
  local v = redis.call('HMGET', P .. ':a:' .. id, 'used', 'n', 't')
  if not v[1] then return 0 end
  return tonumber(v[1]) + tonumber(v[2]) * (at - tonumber(v[3]))
end

-- The counters of a call on a holder's `nodes` in a period: the day's, and off-hours its own.
local function counters(holder, nodes, day, off)
  local list = {}
  for _, node in ipairs(nodes) do
    list[#list + 1] = holder .. ':' .. node .. ':' .. day .. ':d'
    if off then list[#list + 1] = holder .. ':' .. node .. ':' .. day .. ':o' end
  end
  return list
end

-- The rules of `nodes` for a holder, by node.
local function load_rules(P, holder, nodes)
  local fields, rules = {}, {}
  for i, node in ipairs(nodes) do fields[i] = 'n:' .. node end
  if #fields == 0 then return rules end
  local values = redis.call('HMGET', holder_key(P, holder), unpack(fields))
  for i, node in ipairs(nodes) do rules[node] = values[i] and parse(values[i]) or nil end
  return rules
end
