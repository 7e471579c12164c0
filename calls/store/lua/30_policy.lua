-- What has been published: accounts, clients, rates, the calendar.

-- JSON read before: text -> table. A text always means the same, so this is never stale; what is
-- found here is shared and not to be changed.
local CACHE, cached, CACHE_MOST = {}, 0, 2000

local function parse(text)
  local value = CACHE[text]
  if value then return value end
  if cached >= CACHE_MOST then CACHE, cached = {}, 0 end
  value = cjson.decode(text)
  CACHE[text], cached = value, cached + 1
  return value
end

local function decoded(key, field)
  local text = redis.call('HGET', key, field)
  return text and parse(text) or nil
end

local function load_account(P, id)
  if not string.find(id, '^%d+$') then return nil end
  return decoded(P .. ':acct:' .. id, 'm')
end

local function client_key(P, id) return P .. ':c:' .. id end

local function load_client(P, id) return decoded(client_key(P, id), 'm') end

-- Whose allowances: a client's id, or 'r' and the id of a reseller above it.
local function reseller_of(holder) return string.match(holder, '^r(%d+)$') end

local function holder_key(P, holder)
  local reseller = reseller_of(holder)
  return reseller and P .. ':t:' .. reseller or client_key(P, holder)
end

local function load_holder(P, holder) return decoded(holder_key(P, holder), 'm') end

-- The shard's own hash: epoch, versions in use, routes.
local function shard_value(P, field) return redis.call('HGET', P .. ':g', field) end

local function catalogue_key(P)
  local version = shard_value(P, 'catalogue')
  return version and P .. ':cat:v' .. version or nil
end

-- What people call the destination of a counter's node.
local function label_of(P, node)
  local catalogue, bare = catalogue_key(P), string.match(node, '^%d+')
  return catalogue and redis.call('HGET', catalogue, 'l:' .. bare) or bare
end

-- The segment of a holder's calendar that contains `at`, and when it ends; nil where none does.
local function period(holder, at)
  local found, ends = nil, holder['until']
  if at >= ends then return nil end
  for _, segment in ipairs(holder.calendar) do
    if segment[1] > at then ends = segment[1]; break end
    found = segment
  end
  if not found then return nil end
  return { day = found[2], off = found[3] == 1, percent = found[4], ends = ends }
end

-- The limit of one counter, in ms: `rules` of its node, `kind` d (day) or o (off-hours). Nil is
-- none. Off-hours time counts in the day too, so an off-hours share no smaller than the day's is
-- not a limit of its own.
local function limit_of(rules, kind, percent)
  if not rules or rules.unlimited or not rules.day then return nil end
  if kind == 'd' then return rules.day end
  local off = rules.off and rules.off[tostring(percent)]
  if not off then off = percent < 100 and 0 or rules.day end
  return off < rules.day and off or nil
end

-- The price of a key in a table at a moment: the longest prefix with a rate in force.
local function find_rate(P, table_id, key, at)
  local version, told = unpack(words(shard_value(P, 'rates:' .. table_id) or ''))
  if not version then return nil end
  local keys = prefixes('', key)
  local lines = redis.call('HMGET', P .. ':rates:' .. table_id .. ':v' .. version, unpack(keys))
  for i, entry in ipairs(lines) do
    for line in string.gmatch(entry or '', '[^\n]+') do
      local rate = unpacked(line, 6) -- price, set-up, minimum, increment, from, until
      if tonumber(rate[5]) <= at and (rate[6] == '' or at < tonumber(rate[6])) then
        return { price = tonumber(rate[1]), setup = tonumber(rate[2]),
          minimum = tonumber(rate[3]), increment = tonumber(rate[4]), from = tonumber(rate[5]),
          prefix = keys[i], table = table_id, version = tonumber(told) }
      end
    end
  end
end
