-- A call from its reservation to its end.
--
-- Hash `:r:CALL`: s = R reserved, A answered; facts = what the record will say of it (JSON); nodes =
-- the destination and its parents; client, and levels = by which its counters are kept apart; suffix =
-- which of those it is held to; long = ms it may last; slots = what it holds; shares (JSON) = one
-- for the client and each reseller above: {h = holder, day, off, percent, until = when these
-- change} and once answered {p = start of the present part, carry = ms that earlier parts were
-- floored by, pieces = earlier parts}. An emergency call has no shares and no long: it is neither
-- counted nor cut. Once answered: t = answer, h = where the switch has it, rate; cut = why it is
-- being hung up. `:r:CALL:ended` remembers a finished one, `:r:CALL:lost` what was known of one
-- that was given up and what was counted for it (JSON).
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

-- The live calls on a holder's allowances: a client's, or those of all clients below a reseller.
local function calls_of(P, holder)
  local reseller = reseller_of(holder)
  local key = reseller and slots_key(P, 'r', reseller) or slots_key(P, 'c', holder)
  return redis.call('ZRANGE', key, 0, -1)
end

local function shares_of(call) return call.shares and cjson.decode(call.shares) or {} end

-- A client's counters exist once for each level of its allow lists; a reseller's do not.
local function nodes_of(call, share)
  if reseller_of(share.h) then return words(call.nodes) end
  local list = {}
  for _, node in ipairs(words(call.nodes)) do
    list[#list + 1] = node
    for level in string.gmatch(call.levels, '%S+') do list[#list + 1] = node .. '@' .. level end
  end
  return list
end

local function counters_of(call, share)
  return counters(share.h, nodes_of(call, share), share.day, share.off)
end

-- The counters an answered call drains, or a reserved one would.
local function call_counters(P, id)
  local v = redis.call('HMGET', call_key(P, id), 'shares', 'nodes', 'levels')
  local call, list = { shares = v[1], nodes = v[2], levels = v[3] }, {}
  for _, share in ipairs(shares_of(call)) do
    for _, counter in ipairs(counters_of(call, share)) do list[#list + 1] = counter end
  end
  return list
end

local function hold_slots(P, id, call, until_ms)
  for _, key in ipairs(words(call.slots)) do redis.call('ZADD', key, whole(until_ms), id) end
  redis.call('ZADD', P .. ':exp', whole(until_ms), id)
end

-- Keep a call's shares, and when the first of them changes.
local function save(P, id, call, shares)
  call.shares = cjson.encode(shares)
  redis.call('HSET', call_key(P, id), 'shares', call.shares)
  local turn
  for _, share in ipairs(shares) do turn = math.min(turn or share['until'], share['until']) end
  if turn then redis.call('ZADD', P .. ':turn', whole(turn), id) end
end

-- Whether an exhausted counter ends this call, or only counts it.
local function held_to(call, counter)
  if begins(counter, 'r') then return true end
  return (string.match(counter, '^%d+:%d+(@?%d*):') or '') == (call.suffix or '')
end

-- Put a share on the counters of a period at an instant, with `add` ms already used by it.
local function join(P, call, share, part, at, add)
  share.day, share.off, share.percent, share['until'] = part.day, part.off, part.percent, part.ends
  share.p = at
  local policy = load_holder(P, share.h)
  local nodes = nodes_of(call, share)
  local rules = load_rules(P, share.h, nodes)
  for _, counter in ipairs(counters(share.h, nodes, part.day, part.off)) do
    local node, kind = string.match(counter, '^r?%d+:(.-):.-:(%a)$')
    local terms = policy and { steps = policy.steps,
      limit = limit_of(rules[node], kind, part.percent) } or nil
    settle(P, counter, at, 1, add, terms)
  end
end

local function leave(P, call, share, at, add)
  for _, counter in ipairs(counters_of(call, share)) do settle(P, counter, at, -1, add) end
end

-- Move a share to the allowances of `part` at an instant: what it used so far of the present ones
-- is floored to whole seconds, and the rest goes with it.
local function move(P, call, share, part, at)
  local rest = (at - share.p) % 1000
  share.pieces[#share.pieces + 1] = { day = share.day, off = share.off, percent = share.percent,
    start = share.p, carry = share.carry, seconds = math.floor((at - share.p) / 1000) }
  leave(P, call, share, at, -(share.carry + rest))
  share.carry = share.carry + rest
  join(P, call, share, part, at, share.carry)
end

-- Undo the last move; for an end that is told late.
local function move_back(P, call, share)
  local piece, turned = table.remove(share.pieces), share.p
  leave(P, call, share, turned, -share.carry)
  join(P, call, share, { day = piece.day, off = piece.off, percent = piece.percent, ends = turned },
    turned, share.carry)
  share.p, share.carry = piece.start, piece.carry
end

-- Bring a share to `at`: through every change of allowances before it, or back. False when its
-- calendar ends before.
local function advance(P, call, share, at)
  while share['until'] < at do
    local policy = load_holder(P, share.h)
    local part = policy and period(policy, share['until'])
    if not part then return false end
    if part.day == share.day and part.off == share.off then share['until'] = part.ends
    else move(P, call, share, part, share['until']) end
  end
  while share.p >= at and #share.pieces > 0 do move_back(P, call, share) end
  return true
end

-- Move on at most `limit` live calls whose allowances change: a day or a working period has ended.
-- Returns how many were due.
local function turn(P, now, limit)
  local due = redis.call('ZRANGEBYSCORE', P .. ':turn', '-inf', whole(now), 'LIMIT', 0, limit)
  for _, id in ipairs(due) do
    local call, known = load_call(P, id), true
    if not call then redis.call('ZREM', P .. ':turn', id)
    else
      local shares = shares_of(call)
      for _, share in ipairs(shares) do known = advance(P, call, share, now + 1) and known end
      save(P, id, call, shares)
    end
    if not known then redis.call('ZADD', P .. ':turn', whole(now + HEARTBEAT_MS), id) end
  end
  return #due
end

-- An answer at `at`: the call begins to drain its allowances.
local function start(P, id, call, at)
  call.s, call.t = 'A', whole(at)
  redis.call('HSET', call_key(P, id), 's', call.s, 't', call.t)
  local shares = shares_of(call)
  for _, share in ipairs(shares) do
    local policy = load_holder(P, share.h)
    local part = policy and period(policy, at)
    if not part then -- the calendar ended while it rang: the allowances it was authorised on
      part = { day = share.day, off = share.off, percent = share.percent, ends = at + RING_MS }
    end
    share.carry, share.pieces = 0, {}
    join(P, call, share, part, at, 0)
  end
  if #shares > 0 then save(P, id, call, shares) end
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

-- The parts of a share for the event, {day, off, whole seconds}; they add up to `seconds`.
local function parts_of(share, seconds)
  local parts = {}
  for _, piece in ipairs(share.pieces) do
    seconds = seconds - piece.seconds
    parts[#parts + 1] = { piece.day, piece.off, piece.seconds }
  end
  parts[#parts + 1] = { share.day, share.off, seconds }
  return parts
end

-- Why a spent allowance ends a call: 101, or without figures 109 where it is a reseller's.
local function spent_reason(P, counter, left, used)
  local holder, node, kind = string.match(counter, '^(r?%d+):(.-):.-:(%a)$')
  local reseller = reseller_of(holder)
  if reseller then return 109, { reseller = reseller } end
  return 101, { destination = label_of(P, node), form = kind == 'o' and 'off' or nil,
    used = minutes(used), limit = minutes(left + used) }
end

-- The same of the first allowance a call is held to that has under a second left; nil without one.
local function spent_by(P, id, call, at)
  for _, counter in ipairs(call_counters(P, id)) do
    local left, _, used = settle(P, counter, at, 0, 0)
    if left and left < 1000 and held_to(call, counter) then
      return spent_reason(P, counter, left, used)
    end
  end
end

-- The end of a call at `at`. `how` has why, sip, q850, who and flags, and `more` ms that count
-- besides what it ran; returns talk ms, code and the event.
local function finish(P, id, call, at, how)
  local event = { id = id, facts = cjson.decode(call.facts), ended = at, why = how.why,
    sip = how.sip, q850 = how.q850, who = how.who, flags = how.flags, pieces = {}, above = {} }
  local talk, long = 0, tonumber(call.long)
  if call.s == 'A' then
    local ran = at - tonumber(call.t)
    talk = ran + (how.more or 0)
    local seconds = math.ceil(talk / 1000)
    local shares = shares_of(call)
    for _, share in ipairs(shares) do
      advance(P, call, share, at)
      leave(P, call, share, at, seconds * 1000 - ran)
      local reseller = reseller_of(share.h)
      if reseller then event.above[#event.above + 1] = { reseller, parts_of(share, seconds) }
      else event.pieces = parts_of(share, seconds) end
    end
    save(P, id, call, shares)
    event.answered, event.seconds, event.rate = tonumber(call.t), seconds, call.rate
  end
  event.talk = talk
  local cut, reached = call.cut and cjson.decode(call.cut), long and talk >= long - LONG_GRACE_MS
  if cut and (cut.code ~= 111 or reached) then
    event.code, event.params = cut.code, cut.params
  elseif how.why == 'timeout' then
    if call.s == 'A' then event.code, event.params = spent_by(P, id, call, at) end
    if reached and not event.code then event.code, event.params = 111, { limit = minutes(long) } end
  end
  close(P, id, call, event)
  return talk, event.code, event
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
  local held, client = {}, cjson.decode(call.facts).client
  for _, node in ipairs(words(call.nodes)) do held[#held + 1] = node .. call.suffix end
  if permits(load_rules(P, client, held), held, call.suffix ~= '') then return false end
  condemn(P, id, 107, { destination = label_of(P, held[1]) })
  redis.call('ZADD', P .. ':cut', whole(now), id)
  return true
end
