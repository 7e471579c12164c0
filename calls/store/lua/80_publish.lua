-- What the portal writes: policy, and counters when they are rebuilt.

-- Replace a hash by fields and values of args, unless a later version is there.
local function replace(key, version, args, from)
  local stored = tonumber(redis.call('HGET', key, 'v') or nil)
  if stored and stored > tonumber(version) then return false end
  redis.call('DEL', key)
  for first = from, #args, 1000 do
    redis.call('HSET', key, unpack(args, first, math.min(first + 999, #args)))
  end
  return true
end

-- The off-hours per cent of a local day.
local function percent_of(policy, day)
  for _, segment in ipairs(policy.calendar) do
    if segment[2] == day and segment[3] == 1 then return segment[4] end
  end
  return 100
end

-- Hold every counter of a holder to the limits as published now.
local function resettle_counters(P, id, policy, now)
  local known, nodes = {}, {}
  for _, counter in ipairs(redis.call('SMEMBERS', P .. ':counters:' .. id)) do
    if redis.call('EXISTS', P .. ':a:' .. counter) == 0 then
      redis.call('SREM', P .. ':counters:' .. id, counter)
    else
      known[#known + 1] = counter
      nodes[#nodes + 1] = string.match(counter, '^r?%d+:(.-):')
    end
  end
  local rules = load_rules(P, id, nodes)
  for _, counter in ipairs(known) do
    local node, day, kind = string.match(counter, '^r?%d+:(.-):(.-):(%a)$')
    settle(P, counter, now, 0, 0, { steps = policy.steps,
      limit = limit_of(rules[node], kind, percent_of(policy, day)) })
  end
end

-- Put a live call on a holder's allowances of the calendar as published now, and cut it where the
-- client is barred now; one that was to be cut by this holder's limits is judged again.
local function resettle_call(P, id, holder, policy, now)
  local call = load_call(P, id)
  if not call or call.s ~= 'A' or not call.long then return end
  local code, above = call.cut and cjson.decode(call.cut).code, reseller_of(holder)
  if above and code == 109 or not above and (code == 101 or code == 107) then
    redis.call('HDEL', call_key(P, id), 'cut')
    local ends = tonumber(call.t) + tonumber(call.long) + LONG_GRACE_MS
    redis.call('ZADD', P .. ':cut', whole(ends), id)
    redis.call('ZADD', P .. ':exp', whole(ends - LONG_GRACE_MS + LOST_MS), id)
  end
  if not above then bar(P, id, call, now) end
  local shares = shares_of(call)
  for _, share in ipairs(shares) do
    local part = share.h == holder and advance(P, call, share, now + 1) and period(policy, now)
    if part and (part.day ~= share.day or part.off ~= share.off) then
      move(P, call, share, part, now)
    elseif part then
      share['until'], share.percent = part.ends, part.percent
    end
  end
  save(P, id, call, shares)
end

local function resettle(P, holder, policy, now)
  resettle_counters(P, holder, policy, now)
  for _, call in ipairs(calls_of(P, holder)) do resettle_call(P, call, holder, policy, now) end
end

local function cut_all(P, client_id, code, params, now)
  for _, id in ipairs(calls_of(P, client_id)) do
    condemn(P, id, code, params)
    redis.call('ZADD', P .. ':cut', whole(now), id)
  end
end

local function suspension(client)
  if client.status ~= 'active' then return 'client' end
  for _, tier in ipairs(client.tiers) do
    if tier.status and tier.status ~= 'active' then return 'tier' end
  end
end

-- client_id|version|now, then fields and values; none removes the client and cuts its calls.
local function put_client(keys, args)
  local P, f = keys[1], unpacked(args[1], 3)
  local id, now = f[1], clock(f[3])
  if not replace(client_key(P, id), f[2], args, 2) then return { 'OLD' } end
  local client = load_client(P, id)
  if not client then
    redis.call('SREM', P .. ':clients', id)
    cut_all(P, id, 309, { form = 'client' }, now)
    return { 'OK' }
  end
  redis.call('SADD', P .. ':clients', id)
  resettle(P, id, client, now)
  local suspended = suspension(client)
  if suspended then cut_all(P, id, 309, { form = suspended }, now) end
  return { 'OK' }
end

-- reseller_id|version|now, then fields and values; none removes the reseller.
local function put_reseller(keys, args)
  local P, f = keys[1], unpacked(args[1], 3)
  local holder, now = 'r' .. f[1], clock(f[3])
  if not replace(holder_key(P, holder), f[2], args, 2) then return { 'OLD' } end
  local policy = load_holder(P, holder)
  if policy then resettle(P, holder, policy, now) end
  return { 'OK' }
end

-- account_id|version|client_id, then fields and values; none removes the account.
local function put_account(keys, args)
  local P, f = keys[1], unpacked(args[1], 3)
  if not replace(P .. ':acct:' .. f[1], f[2], args, 2) then return { 'OLD' } end
  redis.call(#args > 1 and 'SADD' or 'SREM', P .. ':accounts:' .. f[3], f[1])
  return { 'OK' }
end

-- The part of each counter's use that calls in progress have made, by counter.
local function in_progress(P, holder, now)
  local made = {}
  local function add(counter, ms) made[counter] = (made[counter] or 0) + ms end
  for _, id in ipairs(calls_of(P, holder)) do
    local call = load_call(P, id)
    for _, share in ipairs(call and call.s == 'A' and shares_of(call) or {}) do
      if share.h == holder then
        for _, counter in ipairs(counters_of(call, share)) do
          add(counter, now - share.p + share.carry)
        end
        for _, piece in ipairs(share.pieces) do
          for _, counter in ipairs(counters(holder, nodes_of(call, share), piece.day, piece.off)) do
            add(counter, piece.seconds * 1000)
          end
        end
      end
    end
  end
  return made
end

-- holder|now|day -> node, kind, used ms without calls in progress, ms in progress, of each
local function usage(keys, args)
  local P, f = keys[1], unpacked(args[1], 3)
  local now, out = clock(f[2]), {}
  local made = in_progress(P, f[1], now)
  for _, counter in ipairs(redis.call('SMEMBERS', P .. ':counters:' .. f[1])) do
    local node, day, kind = string.match(counter, '^r?%d+:(.-):(.-):(%a)$')
    if day == f[3] then
      local running = made[counter] or 0
      for _, value in ipairs({ node, kind, whole(used_at(P, counter, now) - running), whole(running) }) do
        out[#out + 1] = value
      end
    end
  end
  return out
end

-- holder|day|seq|now, then node, kind, used ms of finished calls. Counters of that day become
-- this plus what calls in progress have used. Refused when events past `seq` have been written:
-- they are not in what was counted.
local function rebase(keys, args)
  local P, f = keys[1], unpacked(args[1], 4)
  local id, day, now = f[1], f[2], clock(f[4])
  if (redis.call('GET', P .. ':seq') or '0') ~= f[3] then return { 'MOVED' } end
  local made, wanted = in_progress(P, id, now), {}
  for _, counter in ipairs(redis.call('SMEMBERS', P .. ':counters:' .. id)) do
    if string.match(counter, '^r?%d+:.-:(.-):') == day then wanted[counter] = 0 end
  end
  for i = 2, #args, 3 do
    wanted[id .. ':' .. args[i] .. ':' .. day .. ':' .. args[i + 1]] = tonumber(args[i + 2])
  end
  for counter, used in pairs(wanted) do
    local change = used + (made[counter] or 0) - used_at(P, counter, now)
    if change ~= 0 then settle(P, counter, now, 0, change) end
  end
  local policy = load_holder(P, id)
  if policy then resettle_counters(P, id, policy, now) end
  return { 'OK' }
end
