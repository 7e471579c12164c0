-- What a switch calls: authorize, answer, end, and the read-only explain.

local function share_of(holder, part)
  return { h = holder, day = part.day, off = part.off, percent = part.percent }
end

local function reserve(c)
  local P, id = c.P, new_id(c.P, c.now)
  local tiers, slots = {}, {}
  for i, tier in ipairs(c.client and c.client.tiers or {}) do tiers[i] = tier.id end
  for i, slot in ipairs(c.slots or {}) do slots[i] = slot.key end
  local facts = { at = c.now, account = c.account_id, client = tostring(c.account.client),
    tiers = tiers, node = plain(c.node, 32), source = plain(c.source, 64), auth = c.auth,
    sip_call_id = plain(c.sip_call_id, 255), caller = plain(c.caller, 128),
    dialled = plain(c.dialled, 128), number = c.number.number, sent = c.routes[1],
    emergency = c.emergency, max = c.max }
  local call = { slots = table.concat(slots, ' ') }
  local lasts = EMERGENCY_MS
  local fields = { 's', 'R', 'slots', call.slots }
  if not c.emergency then
    lasts = RING_MS
    facts.destination, facts.path = c.destination_id, c.destination.path
    facts.currency, facts.key, facts.rate_table = c.client.currency, c.number.key, c.rate.table
    local shares = { share_of(c.client_id, c.period) }
    for i, each in ipairs(c.above) do shares[i + 1] = share_of(each.holder, each.period) end
    for _, pair in ipairs({ { 'long', whole(c.client.long) }, { 'suffix', c.suffix },
        { 'nodes', table.concat(c.destination.nodes, ' ') },
        { 'levels', table.concat(c.client.levels, ' ') }, { 'shares', cjson.encode(shares) },
        { 'rate', cjson.encode(c.rate) } }) do
      fields[#fields + 1] = pair[1]
      fields[#fields + 1] = pair[2]
    end
  end
  fields[#fields + 1] = 'facts'
  fields[#fields + 1] = cjson.encode(facts)
  redis.call('HSET', call_key(P, id), unpack(fields))
  hold_slots(P, id, call, c.now + lasts)
  return id
end

local function refuse(c)
  local P, id = c.P, new_id(c.P, c.now)
  local tiers = {}
  for i, tier in ipairs(c.client and c.client.tiers or {}) do tiers[i] = tier.id end
  emit(P, 'barred', { id = id, at = c.now, code = c.code, params = c.params,
    account = c.account_id, client = c.account and tostring(c.account.client), tiers = tiers,
    node = plain(c.node, 32), source = plain(c.source, 64),
    sip_call_id = plain(c.sip_call_id, 255), caller = plain(c.caller, 128),
    dialled = plain(c.dialled, 128), number = c.number and c.number.number,
    path = c.destination and c.destination.path })
  return id
end

-- {'OK', call_id, max_seconds, number, destination, emergency, long_seconds, n, n Request-URIs} or
-- {'NO', sip_status, code, sentence, call_id}. An emergency call has neither limit: 0 and 0.
local function authorize(keys, args)
  local P = keys[1]
  local c = read_request(P, args[1])
  local repeated = table.concat({ P, 'q', c.node, c.request, c.account_id, c.dialled }, ':')
  local before = c.request ~= '' and redis.call('GET', repeated)
  if before then return cjson.decode(before) end
  turn(P, c.now, TURNS) -- a day may have ended since the last sweep
  decide(c)
  local reply
  if c.code then
    local id = refuse(c)
    reply = { 'NO', tostring(sip_status(c.code)), tostring(c.code), sentence(c.code, c.params), id }
  else
    local id = reserve(c)
    reply = { 'OK', id, whole(c.max or 0), c.number.number, c.destination and c.destination.path or '',
      c.emergency and '1' or '0', whole(c.alone and c.max or c.client and c.client.long / 1000 or 0),
      tostring(#c.routes),
      unpack(c.routes) }
  end
  if c.request ~= '' and c.code ~= 501 then
    redis.call('SET', repeated, cjson.encode(reply), 'PX', REPEAT_MS)
  end
  return reply
end

-- What a live call may still last, all calls on its allowances counted.
local function left_for(P, id, call, at)
  local left = tonumber(call.long) - (at - tonumber(call.t))
  for _, counter in ipairs(call_counters(P, id)) do
    local v = redis.call('HMGET', P .. ':a:' .. counter, 'limit', 'used', 'n', 't')
    local limit = tonumber(v[1] or nil)
    if limit and held_to(call, counter) then
      local n = tonumber(v[3])
      local used = tonumber(v[2]) + n * (at - tonumber(v[4]))
      left = math.min(left, (limit - used) / math.max(1, n))
    end
  end
  return math.max(0, math.floor(left))
end

-- The rate in force at the answer holds for the whole call.
local function fix_rate(P, call, at)
  local facts = cjson.decode(call.facts)
  local rate = facts.rate_table and find_rate(P, tostring(facts.rate_table), facts.key, at)
  if rate then call.rate = cjson.encode(rate) end
end

local function begin_talk(P, id, call, at)
  fix_rate(P, call, at)
  start(P, id, call, at)
  if call.rate then redis.call('HSET', call_key(P, id), 'rate', call.rate) end
end

local function ended(P, id) return redis.call('EXISTS', call_key(P, id) .. ':ended') == 1 end

-- What is left, as `answer` tells it: 0 for a call to be hung up, nothing where nothing limits it.
local function left_text(P, id, call, now)
  if not call.long then return '' end
  return whole(call.cut and 0 or left_for(P, id, call, now))
end

-- call_id|node|h_entry|h_id|now -> {'OK', left ms}; told again {'DUP', left ms} while the call is up
local function answer(keys, args)
  local P, f = keys[1], unpacked(args[1], 5)
  local id, now = f[1], clock(f[5])
  local call = load_call(P, id)
  if not call then return { ended(P, id) and 'DUP' or 'GONE' } end
  if call.s ~= 'R' then return { 'DUP', left_text(P, id, call, now) } end
  local node = string.gsub(f[2], '%s', '_')
  redis.call('HSET', call_key(P, id), 'h', node .. ' ' .. f[3] .. ' ' .. f[4])
  begin_talk(P, id, call, now)
  if not call.long then return { 'OK', '' } end
  hold_slots(P, id, call, now + tonumber(call.long) + LOST_MS)
  -- One to be hung up since it rang still is.
  if call.cut or bar(P, id, call, now) then return { 'OK', '0' } end
  redis.call('ZADD', P .. ':cut', whole(now + tonumber(call.long) + LONG_GRACE_MS), id)
  return { 'OK', whole(left_for(P, id, call, now)) }
end

-- A SIP or Q.850 code; what a stranger's header makes of it otherwise is none.
local function code_or_nil(text)
  return string.find(text, '^%d%d?%d?$') and tonumber(text) or nil
end

-- Talk time in ms as it was told; nil where it was not. 0 is a talk time.
local function talk_or_nil(text)
  return string.find(text, '^%d+$') and #text < 13 and tonumber(text) or nil
end

local WHO = { caller = 'caller', callee = 'callee', switch = 'switch' }

-- A lost call whose end is told after all: what was counted for it is taken back. Nil where there
-- is none, and where the end of an answered call does not say when it was.
local function reopen(P, id, now, says_when)
  local kept = redis.call('GET', call_key(P, id) .. ':lost')
  if not kept then return nil end
  kept = cjson.decode(kept)
  local call = cjson.decode(kept.call)
  if call.s == 'A' and not says_when then return nil end
  redis.call('DEL', call_key(P, id) .. ':lost')
  for holder, parts in pairs(kept.parts) do
    local nodes = nodes_of(call, { h = holder })
    for _, part in ipairs(parts) do
      for _, counter in ipairs(counters(holder, nodes, part[1], part[2])) do
        settle(P, counter, now, 0, -part[3] * 1000)
      end
    end
  end
  if call.s == 'A' then start(P, id, call, tonumber(call.t)) end
  return call
end

-- call_id|why|talk_ms|sip_code|q850|who|now
local function end_call(keys, args)
  local P, f = keys[1], unpacked(args[1], 7)
  local id, now, talk = f[1], clock(f[7]), talk_or_nil(f[3])
  local how = { why = f[2], sip = code_or_nil(f[4]), q850 = code_or_nil(f[5]),
    who = WHO[f[6]] or '',
    flags = {} }
  local call = load_call(P, id)
  if not call then
    call = reopen(P, id, now, talk or f[7] ~= '')
    how.flags[1] = call and 'late'
  end
  if not call then
    if ended(P, id) then return { 'DUP' } end
    emit(P, 'orphan', { id = id, at = now, talk = talk or 0, why = how.why, sip = how.sip,
      q850 = how.q850, who = how.who })
    return { 'GONE' }
  end
  local at = now
  if call.s == 'R' and talk and talk > 0 then -- the answer was never told
    how.flags[#how.flags + 1] = 'unanswered'
    begin_talk(P, id, call, now - talk)
  elseif call.s == 'A' and talk then
    at = tonumber(call.t) + talk
  end
  local lasted, code = finish(P, id, call, at, how)
  return { 'OK', whole(lasted), code and tostring(code) or '' }
end

-- The twin of authorize: every rule with its verdict, nothing reserved. Calendars for a moment
-- that is not published may be given: {holder: {calendar, until}}.
local function explain(keys, args)
  local c = read_request(keys[1], args[1])
  c.explaining = true -- from no address in particular
  c.calendars = args[2] and cjson.decode(args[2]) or nil
  local verdicts = {}
  decide(c, function(name, known, code, params)
    verdicts[#verdicts + 1] = { rule = name, known = known, code = code,
      params = params, sentence = code and sentence(code, params) }
  end)
  return { cjson.encode({ allowed = not c.code, code = c.code, params = c.params,
    sip = c.code and sip_status(c.code) or 200, sentence = c.code and sentence(c.code, c.params),
    number = c.number, destination = c.destination, prefix = c.matched_prefix, rate = c.rate or nil, period = c.period,
    international = c.international, level = c.level, max = not c.code and c.max or nil,
    emergency = c.emergency or false, routes = c.routes, allowances = c.allowances,
    left = c.left, slots = c.slots, client = c.client_id, at = c.now, rules = verdicts }) }
end
