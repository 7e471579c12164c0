-- The rules, in the order in which they refuse. Nothing here writes: authorize and explain share it.
--
-- A rule is {name, needs, judge}: judge(c) answers nothing to let the call pass, or a reason code
-- and the parameters of its sentence. `needs` are the members of c that must be known for it to be asked.

local RULES = {}

local function rule(name, needs, judge)
  RULES[#RULES + 1] = { name = name, needs = needs, judge = judge }
end

rule('account', {}, function(c)
  if not shard_value(c.P, 'epoch') then return 501, { form = 'epoch' } end
  c.account = load_account(c.P, c.account_id)
  if not c.account then return 305, {} end
  c.catalogue = catalogue_key(c.P)
  if not c.catalogue then return 501, { form = 'policy' } end
end)

rule('address', { 'account' }, function(c)
  if #c.account.addresses == 0 or c.source == '' and c.explaining then return end
  for _, entry in ipairs(c.account.addresses) do
    if address_matches(entry, c.source) then return end
  end
  return 307, { source = c.source ~= '' and printable(c.source) or 'an unknown address' }
end)

rule('tech_prefix', { 'account' }, function(c)
  c.cleaned = cleaned(c.dialled)
  if not begins(c.cleaned, c.account.tech) then return 310, {} end
  c.cleaned = string.sub(c.cleaned, #c.account.tech + 1)
end)

rule('caller', { 'catalogue' }, function(c)
  if #c.account.callers == 0 then return end
  local read = understand(c.catalogue, c.account.country, cleaned(c.caller))
  for _, allowed in ipairs(c.account.callers) do
    if allowed == c.caller or (read and allowed == read.number) then return end
  end
  return 311, { caller = printable(c.caller) }
end)

rule('number', { 'catalogue' }, function(c)
  c.number = understand(c.catalogue, c.account.country, c.cleaned or cleaned(c.dialled))
  if not c.number then return 201, { dialled = printable(c.dialled) } end
  c.emergency = c.number.kind == 'emergency' -- the loop below stops here for these
end)

rule('policy', { 'account' }, function(c)
  c.client_id = tostring(c.account.client)
  c.client = load_client(c.P, c.client_id)
  if not c.client then return 501, { form = 'policy' } end
  c.period = period(c.calendars and c.calendars[c.client_id] or c.client, c.now)
  if not c.period then return 501, { form = 'calendar' } end
  c.above = {}
  for i, tier in ipairs(c.client.tiers) do
    local holder = 'r' .. tier.id
    local policy = load_holder(c.P, holder)
    if not policy then return 501, { form = 'policy' } end
    local part = period(c.calendars and c.calendars[holder] or policy, c.now)
    if not part then return 501, { form = 'calendar' } end
    c.above[i] = { holder = holder, tier = tostring(tier.id), period = part }
  end
end)

rule('active', { 'account' }, function(c)
  if not c.account.originates then return 308, {} end
end)

rule('suspended', { 'client' }, function(c)
  if c.client.status ~= 'active' then return 309, { form = 'client' } end
  for _, tier in ipairs(c.client.tiers) do
    if tier.status and tier.status ~= 'active' then
      return 309, { form = 'tier', reseller = tostring(tier.id) }
    end
  end
end)

rule('destination', { 'number' }, function(c)
  local keys = prefixes('p:', c.number.key)
  for i, id in ipairs(redis.call('HMGET', c.catalogue, unpack(keys))) do
    if id then
      c.destination = decoded(c.catalogue, 'd:' .. id)
      c.destination_id, c.matched_prefix = id, string.sub(keys[i], 3)
      return
    end
  end
  return 202, { number = c.number.number }
end)

-- The prefix of the number's key on a list of the client (`b:` blocked, `w:` allowed) whose value,
-- the level of its owner, is the highest: 0 is the platform, resellers are numbered downwards.
local function listed(c, letter)
  local keys = prefixes(letter, c.number.key)
  local best, prefix = nil, nil
  for i, value in ipairs(redis.call('HMGET', client_key(c.P, c.client_id), unpack(keys))) do
    local level = tonumber(value or nil)
    if level and (not best or level < best) then best, prefix = level, string.sub(keys[i], 3) end
  end
  return best, prefix
end

rule('lists', { 'client', 'number' }, function(c)
  if not c.client.lists then return end
  local blocked, prefix = listed(c, 'b:')
  if blocked then return 401, { number = c.number.number, prefix = prefix } end
  c.level, c.allowed_prefix = listed(c, 'w:')
end)

-- Every call counts on its destination and all parents, limited or not, so that a limit set later
-- knows of it. It is held to the rules of `c.held`: those of all profiles, or for a number allowed
-- at some level those set above it, which have counters of their own (NODE@LEVEL).
local function choose_nodes(c)
  c.held = {}
  c.suffix = c.level and '@' .. c.level or ''
  for _, node in ipairs(c.destination.nodes) do c.held[#c.held + 1] = node .. c.suffix end
  c.rules = load_rules(c.P, c.client_id, c.held)
  c.leaf = c.rules[c.held[1]] or {}
end

rule('profile', { 'client', 'destination' }, function(c)
  choose_nodes(c)
  if not permits(c.rules, c.held, c.level) then return 107, { destination = c.destination.label } end
end)

rule('working_time', { 'period' }, function(c)
  if c.period.off and c.period.percent == 0 then return 106, {} end
end)

rule('international', { 'period', 'destination' }, function(c)
  c.international = c.destination.country ~= c.client.country
  if c.period.off and c.client.bar_international and c.international then
    return 105, { destination = c.destination.label }
  end
end)

rule('rate', { 'client', 'destination' }, function(c)
  local table_id = c.account.rates or c.client.rates
  c.rate = table_id and find_rate(c.P, table_id, c.number.key, c.now)
  if not c.rate then return 203, { number = c.number.number } end
  for _, tier in ipairs(c.client.tiers) do
    if tier.rates and not find_rate(c.P, tier.rates, c.number.key, c.now) then
      return 203, { number = c.number.number }
    end
  end
end)

local function priced(c, micro) return money(micro, c.client.currency) end

rule('price', { 'rate' }, function(c)
  if c.leaf and c.leaf.price and c.rate.price >= c.leaf.price then
    return 102, { destination = c.destination.label, price = priced(c, c.rate.price),
      cap = priced(c, c.leaf.price) }
  end
end)

rule('setup', { 'rate' }, function(c)
  if c.leaf and c.leaf.setup and c.rate.setup >= c.leaf.setup then
    return 103, { destination = c.destination.label, price = priced(c, c.rate.setup),
      cap = priced(c, c.leaf.setup) }
  end
end)

rule('high_price', { 'period', 'rate' }, function(c)
  local first_minute = c.rate.setup + c.rate.price
  if c.period.off and c.client.bar_high and c.client.high
      and first_minute > c.client.high then
    return 104, { price = priced(c, first_minute), limit = priced(c, c.client.high) }
  end
end)

-- The limited counters the call would run on, each with its use and what is left.
local function measure(c, holder, nodes, rules, part)
  local list = {}
  for _, node in ipairs(nodes) do
    for _, kind in ipairs(part.off and { 'd', 'o' } or { 'd' }) do
      local limit = limit_of(rules[node], kind, part.percent)
      if limit then
        local id = holder .. ':' .. node .. ':' .. part.day .. ':' .. kind
        local used = used_at(c.P, id, c.now)
        list[#list + 1] = { id = id, off = kind == 'o', used = used,
          limit = limit, left = limit - used, destination = label_of(c.P, node) }
        c.left = math.min(c.left or limit - used, limit - used)
      end
    end
  end
  return list
end

rule('daily', { 'period', 'rules' }, function(c)
  c.allowances = measure(c, c.client_id, c.held, c.rules, c.period)
  for _, each in ipairs(c.allowances) do
    if each.left < 1000 then
      return 101, { destination = each.destination, form = each.off and 'off' or nil,
        used = minutes(each.used), limit = minutes(each.limit) }
    end
  end
end)

-- What a reseller may use is shared by all below it; an allow list of a client is not above that.
rule('total', { 'above', 'destination' }, function(c)
  local spent
  for _, each in ipairs(c.above) do
    local rules = load_rules(c.P, each.holder, c.destination.nodes)
    each.allowances = measure(c, each.holder, c.destination.nodes, rules, each.period)
    for _, allowance in ipairs(each.allowances) do
      if allowance.left < 1000 then spent = spent or each.tier end
    end
  end
  if spent then return 109, { reseller = spent } end
end)

-- Without a running sweep nobody would end calls that share a remainder: one call at a time, and
-- the switch's own timer is set to what is left (c.alone).
rule('enforcement', { 'allowances', 'above' }, function(c)
  local beat = tonumber(redis.call('GET', c.P .. ':beat') or nil)
  if beat and c.now - beat <= HEARTBEAT_MS then return end
  for _, each in ipairs({ { holder = c.client_id, allowances = c.allowances }, unpack(c.above) }) do
    local mine = {}
    for _, allowance in ipairs(each.allowances) do mine[allowance.id] = true end
    if next(mine) then
      c.alone = true
      for _, id in ipairs(calls_of(c.P, each.holder)) do
        for _, counter in ipairs(call_counters(c.P, id)) do
          if mine[counter] then return 501, { form = 'enforcement' } end
        end
      end
    end
  end
end)

rule('balance', { 'client' }, function(c)
  if c.client.prepaid then return 110, {} end
end)

rule('capacity', { 'client' }, function(c)
  c.slots = {
    { key = slots_key(c.P, 'a', c.account_id), limit = c.account.capacity, form = 'account' },
    { key = slots_key(c.P, 'c', c.client_id), limit = c.client.capacity, form = 'client' },
  }
  for _, tier in ipairs(c.client.tiers) do
    c.slots[#c.slots + 1] = { key = slots_key(c.P, 'r', tier.id), limit = tier.capacity,
      form = 'tier', reseller = tostring(tier.id) }
  end
  for _, slot in ipairs(c.slots) do
    if slot.limit then
      slot.used = redis.call('ZCOUNT', slot.key, '(' .. whole(c.now), '+inf')
      if slot.used >= slot.limit then
        return 108, { form = slot.form, used = tostring(slot.used), limit = tostring(slot.limit),
          reseller = slot.reseller }
      end
    end
  end
end)

-- The Request-URIs to try, in order; a call never returns to its own account.
local function find_routes(c)
  local kept = c.emergency and 'emergency' or 'routes'
  local routes = parse(shard_value(c.P, kept) or '[]')
  c.routes = {}
  for _, route in ipairs(routes) do
    if route.account ~= c.account_id then
      local number = c.number.number
      if route.prefix ~= '' then number = string.gsub(number, '^%+', '') end
      c.routes[#c.routes + 1] = 'sip:' .. route.prefix .. number .. route.at
    end
  end
end

rule('route', { 'number' }, function(c)
  find_routes(c)
  if #c.routes == 0 then return 313, { number = c.number.number } end
end)

-- Ask the rules in order until one refuses; `each`, when given, hears every answer and asks on.
local function decide(c, each)
  for _, asked in ipairs(RULES) do
    local code, params
    local known = true
    for _, need in ipairs(asked.needs) do
      if not c[need] then known = false end
    end
    if known then code, params = asked.judge(c) end
    if code and not c.code then c.code, c.params = code, params end
    if each then each(asked.name, known, code, params) elseif c.code then return end
    if c.emergency then
      if not c.code then find_routes(c) end
      return
    end
  end
  local longest = c.client and c.client.long
  if longest then c.max = math.floor(math.min(longest, c.left or longest) / 1000) end
end

-- request_id|account_id|node|src_ip|auth|sip_call_id|caller|now|dialled
local function read_request(P, packed)
  local f = unpacked(packed, 9)
  return { P = P, request = f[1], account_id = f[2], node = f[3], source = f[4], auth = f[5],
    sip_call_id = f[6], caller = f[7], now = clock(f[8]), dialled = f[9] }
end
