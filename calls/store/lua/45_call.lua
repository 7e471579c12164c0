-- A call from its reservation to its end.
--
-- Hash `:r:CALL`: s = R reserved, A answered; facts = what the record will say of it (JSON); client,
-- nodes = whose counters it runs on; suffix = which of them it is held to; long = ms it may last. An emergency call has no
-- nodes and no long: it is neither counted nor cut. `:r:CALL:ended` remembers a finished one,
-- `:r:CALL:lost` what was known of one that was given up and what was counted for it (JSON).
-- Once answered: t = answer, p = start of the present part, carry = ms that earlier parts were
-- floored by, day, off and percent = the part's allowances, until = when they change, pieces = earlier parts
-- (JSON), h = where the switch has it; cut = why it is being hung up.
-- Sorted sets: `:slots:KIND:ID` calls by when they are lost, `:exp` the same for all, `:turn`
-- answered calls by when their allowances change, `:cut` calls to hang up by when to ask next.

local function slots_key(P, kind, id) return P .. ':slots:' .. kind .. ':' .. id end

local function call_key(P, id) return P .. ':r:' .. id end

local function load_call(P, id)
  local flat = redis.call('HGETALL', call_key(P, id))
  if #flat == 0 then return nil end
  local call = {}
  for i = 1, #flat, 2 do call[flat[i]] = flat[i + 1] end
  return call
end

-- The counters an answered call drains, or a reserved one would.
local function call_counters(P, id)
  local v = redis.call('HMGET', call_key(P, id), 'client', 'nodes', 'day', 'off')
  if not v[3] then return {} end
  return counters(v[1], words(v[2]), v[3], v[4] == '1')
end

local function hold_slots(P, id, call, until_ms)
  for _, key in ipairs(words(call.slots)) do redis.call('ZADD', key, whole(until_ms), id) end
  redis.call('ZADD', P .. ':exp', whole(until_ms), id)
end

local function save(P, id, call)
  redis.call('HSET', call_key(P, id), 's', call.s, 't', call.t, 'p', call.p, 'carry', call.carry,
    'day', call.day or '', 'off', call.off, 'percent', call.percent, 'until', call['until'],
    'pieces', call.pieces)
end

-- Whether an exhausted counter ends this call, or only counts it.
local function held_to(call, counter)
  return (string.match(counter, '^%d+:%d+(@?%d*):') or '') == (call.suffix or '')
end

-- Put a call on the counters of a period at an instant, with `add` ms already used by it.
local function join(P, id, call, part, at, add)
  call.day, call.off, call['until'] = part.day, part.off and '1' or '0', whole(part.ends)
  call.p = whole(at)
  local nodes = words(call.nodes)
  if #nodes == 0 then return end
  local client = load_client(P, call.client)
  local rules = load_rules(P, call.client, nodes)
  for _, counter in ipairs(counters(call.client, nodes, part.day, part.off)) do
    local node, kind = string.match(counter, '^%d+:(.-):.-:(%a)$')
    local terms = client and { steps = client.steps,
      limit = limit_of(rules[node], kind, part.percent) } or nil
    settle(P, counter, at, 1, add, terms)
  end
  redis.call('ZADD', P .. ':turn', call['until'], id)
end

local function leave(P, call, at, add)
  local nodes = words(call.nodes)
  for _, counter in ipairs(counters(call.client, nodes, call.day, call.off == '1')) do
    settle(P, counter, at, -1, add)
  end
end

-- Move a call to the allowances of `part` at an instant: what it used so far of the present ones
-- is floored to whole seconds, and the rest goes with it.
local function move(P, id, call, part, at)
  local started, carry = tonumber(call.p), tonumber(call.carry)
  local rest = (at - started) % 1000
  local pieces = cjson.decode(call.pieces)
  pieces[#pieces + 1] = { day = call.day, off = call.off == '1', percent = tonumber(call.percent),
    start = started, carry = carry, seconds = math.floor((at - started) / 1000) }
  leave(P, call, at, -(carry + rest))
  call.pieces, call.carry = cjson.encode(pieces), whole(carry + rest)
  call.percent = tostring(part.percent)
  join(P, id, call, part, at, carry + rest)
  save(P, id, call)
end

-- Undo the last move; for an end that is told late.
local function move_back(P, id, call)
  local pieces = cjson.decode(call.pieces)
  local piece = table.remove(pieces)
  local turned, carry = tonumber(call.p), tonumber(call.carry)
  leave(P, call, turned, -carry)
  call.pieces = #pieces > 0 and cjson.encode(pieces) or '[]'
  call.percent = tostring(piece.percent)
  join(P, id, call, { day = piece.day, off = piece.off, percent = piece.percent, ends = turned },
    turned, carry)
  call.p, call.carry = whole(piece.start), whole(piece.carry)
end

-- Bring an answered call to `at`: through every change of allowances before it, or back.
local function advance(P, id, call, at)
  while tonumber(call['until']) < at do
    local client = load_client(P, call.client)
    local turn = tonumber(call['until'])
    local part = client and period(client, turn)
    if not part then return false end
    if part.day == call.day and part.off == (call.off == '1') then
      call['until'] = whole(part.ends)
      redis.call('HSET', call_key(P, id), 'until', call['until'])
      redis.call('ZADD', P .. ':turn', call['until'], id)
    else
      move(P, id, call, part, turn)
    end
  end
  while tonumber(call.p) >= at and call.pieces ~= '[]' do move_back(P, id, call) end
  return true
end

-- Move on at most `limit` live calls whose allowances change: a day or a working period has ended.
-- Returns how many were due.
local function turn(P, now, limit)
  local due = redis.call('ZRANGEBYSCORE', P .. ':turn', '-inf', whole(now), 'LIMIT', 0, limit)
  for _, id in ipairs(due) do
    local call = load_call(P, id)
    if not call then redis.call('ZREM', P .. ':turn', id)
    elseif not advance(P, id, call, now + 1) then
      redis.call('ZADD', P .. ':turn', whole(now + HEARTBEAT_MS), id) -- no calendar yet
    end
  end
  return #due
end

-- An answer at `at`: the call begins to drain its allowances.
local function start(P, id, call, at)
  call.s, call.t, call.carry, call.pieces = 'A', whole(at), '0', '[]'
  local client = load_client(P, call.client)
  local part = client and period(client, at)
  if not part then -- the calendar ended while it rang: the allowances it was authorised on
    part = { day = call.day, off = call.off == '1', percent = tonumber(call.percent) or 100,
      ends = at + RING_MS }
  end
  call.percent = tostring(part.percent)
  join(P, id, call, part, at, 0)
  save(P, id, call)
end

-- Free what a call holds, leave its tombstone and append its event.
local function close(P, id, call, event)
  for _, key in ipairs(words(call.slots)) do redis.call('ZREM', key, id) end
  redis.call('ZREM', P .. ':exp', id)
  redis.call('ZREM', P .. ':turn', id)
  redis.call('ZREM', P .. ':cut', id)
  redis.call('DEL', call_key(P, id))
  redis.call('SET', call_key(P, id) .. ':ended', '1', 'PX', TOMBSTONE_MS)
  emit(P, 'call', event)
end

-- What 101 says of a spent allowance.
local function spent_params(P, counter, left, used)
  local node, kind = string.match(counter, '^%d+:(.-):.-:(%a)$')
  return { destination = label_of(P, node), form = kind == 'o' and 'off' or nil,
    used = minutes(used), limit = minutes(left + used) }
end

-- The same of the first allowance a call is held to that has under a second left; nil without one.
local function spent_by(P, call, at)
  for _, counter in ipairs(counters(call.client, words(call.nodes), call.day, call.off == '1')) do
    local left, _, used = settle(P, counter, at, 0, 0)
    if left and left < 1000 and held_to(call, counter) then
      return spent_params(P, counter, left, used)
    end
  end
end

-- The end of a call at `at`. `how` has why, sip, q850, who and flags, and `more` ms that count
-- besides what it ran; returns talk ms, code and the pieces counted.
local function finish(P, id, call, at, how)
  local event = { id = id, facts = cjson.decode(call.facts), ended = at, why = how.why,
    sip = how.sip, q850 = how.q850, who = how.who, flags = how.flags, pieces = {} }
  local talk, long = 0, tonumber(call.long)
  if call.s == 'A' then
    local ran = at - tonumber(call.t)
    talk = ran + (how.more or 0)
    advance(P, id, call, at)
    local seconds = math.ceil(talk / 1000)
    leave(P, call, at, seconds * 1000 - ran)
    event.answered, event.seconds, event.rate = tonumber(call.t), seconds, call.rate
    for _, piece in ipairs(cjson.decode(call.pieces)) do
      seconds = seconds - piece.seconds
      event.pieces[#event.pieces + 1] = { piece.day, piece.off, piece.seconds }
    end
    event.pieces[#event.pieces + 1] = { call.day or '', call.off == '1', seconds }
  end
  event.talk = talk
  local cut, reached = call.cut and cjson.decode(call.cut), long and talk >= long - LONG_GRACE_MS
  if cut and (cut.code ~= 111 or reached) then
    event.code, event.params = cut.code, cut.params
  elseif how.why == 'timeout' then
    local spent = call.s == 'A' and spent_by(P, call, at)
    if spent then event.code, event.params = 101, spent
    elseif reached then event.code, event.params = 111, { limit = minutes(long) } end
  end
  close(P, id, call, event)
  return talk, event.code, event.pieces
end

-- Say why a call is to be hung up; the first reason stays.
local function condemn(P, id, code, params)
  redis.call('HSETNX', call_key(P, id), 'cut', cjson.encode({ code = code, params = params }))
end

-- Whether `rules` let a call on `nodes`, its leaf first, be made: only a leaf's own value permits,
-- unless an allow list does, and 0 bars wherever it stands.
local function permits(rules, nodes, allowed)
  for _, node in ipairs(nodes) do
    if rules[node] and rules[node].barred then return false end
  end
  local leaf = rules[nodes[1]] or {}
  return allowed or leaf.unlimited or leaf.day
end

-- Have an answered call hung up whose destination is barred by now; whether it is.
local function bar(P, id, call, now)
  local held = {}
  for _, node in ipairs(words(call.nodes)) do
    if string.match(node, '^%d+(.*)$') == call.suffix then held[#held + 1] = node end
  end
  if permits(load_rules(P, call.client, held), held, call.suffix ~= '') then return false end
  condemn(P, id, 107, { destination = label_of(P, held[1]) })
  redis.call('ZADD', P .. ':cut', whole(now), id)
  return true
end
