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
local function percent_of(client, day)
  for _, segment in ipairs(client.calendar) do
    if segment[2] == day and segment[3] == 1 then return segment[4] end
  end
  return 100
end

-- Hold every counter of a client to the limits as published now.
local function resettle_counters(P, id, client, now)
  local known, nodes = {}, {}
  for _, counter in ipairs(redis.call('SMEMBERS', P .. ':counters:' .. id)) do
    if redis.call('EXISTS', P .. ':a:' .. counter) == 0 then
      redis.call('SREM', P .. ':counters:' .. id, counter)
    else
      known[#known + 1] = counter
      nodes[#nodes + 1] = string.match(counter, '^%d+:(.-):')
    end
  end
  local rules = load_rules(P, id, nodes)
  for _, counter in ipairs(known) do
    local node, day, kind = string.match(counter, '^%d+:(.-):(.-):(%a)$')
    settle(P, counter, now, 0, 0, { steps = client.steps,
      limit = limit_of(rules[node], kind, percent_of(client, day)) })
  end
end

-- Put a live call on the allowances of the calendar as published now, and cut it where it is barred
-- now; one that was to be cut for a spent allowance, or as barred, is judged again.
local function resettle_call(P, id, client, now)
  local call = load_call(P, id)
  if not call or call.s ~= 'A' or not call.long then return end
  local code = call.cut and cjson.decode(call.cut).code
  if code == 101 or code == 107 then
    redis.call('HDEL', call_key(P, id), 'cut')
    local ends = tonumber(call.t) + tonumber(call.long) + LONG_GRACE_MS
    redis.call('ZADD', P .. ':cut', whole(ends), id)
    redis.call('ZADD', P .. ':exp', whole(ends - LONG_GRACE_MS + LOST_MS), id)
  end
  bar(P, id, call, now)
  local part = advance(P, id, call, now + 1) and period(client, now)
  if not part then return end
  if part.day ~= call.day or part.off ~= (call.off == '1') then
    move(P, id, call, part, now)
  else
    redis.call('HSET', call_key(P, id), 'until', whole(part.ends), 'percent', part.percent)
    redis.call('ZADD', P .. ':turn', whole(part.ends), id)
  end
end

local function cut_all(P, client_id, code, params, now)
  for _, id in ipairs(redis.call('ZRANGE', slots_key(P, 'c', client_id), 0, -1)) do
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
  resettle_counters(P, id, client, now)
  for _, call in ipairs(redis.call('ZRANGE', slots_key(P, 'c', id), 0, -1)) do
    resettle_call(P, call, client, now)
  end
  local suspended = suspension(client)
  if suspended then cut_all(P, id, 309, { form = suspended }, now) end
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
local function in_progress(P, client_id, now)
  local made = {}
  local function add(counter, ms) made[counter] = (made[counter] or 0) + ms end
  for _, id in ipairs(redis.call('ZRANGE', slots_key(P, 'c', client_id), 0, -1)) do
    local call = load_call(P, id)
    if call and call.s == 'A' then
      local nodes = words(call.nodes)
      for _, counter in ipairs(counters(client_id, nodes, call.day, call.off == '1')) do
        add(counter, now - tonumber(call.p) + tonumber(call.carry))
      end
      for _, piece in ipairs(cjson.decode(call.pieces)) do
        for _, counter in ipairs(counters(client_id, nodes, piece.day, piece.off)) do
          add(counter, piece.seconds * 1000)
        end
      end
    end
  end
  return made
end

-- client_id|now|day -> node, kind, used ms without calls in progress, ms in progress, of each
local function usage(keys, args)
  local P, f = keys[1], unpacked(args[1], 3)
  local now, out = clock(f[2]), {}
  local made = in_progress(P, f[1], now)
  for _, counter in ipairs(redis.call('SMEMBERS', P .. ':counters:' .. f[1])) do
    local node, day, kind = string.match(counter, '^%d+:(.-):(.-):(%a)$')
    if day == f[3] then
      local running = made[counter] or 0
      for _, value in ipairs({ node, kind, whole(used_at(P, counter, now) - running), whole(running) }) do
        out[#out + 1] = value
      end
    end
  end
  return out
end

-- client_id|day|seq|now, then node, kind, used ms of finished calls. Counters of that day become
-- this plus what calls in progress have used. Refused when events past `seq` have been written:
-- they are not in what was counted.
local function rebase(keys, args)
  local P, f = keys[1], unpacked(args[1], 4)
  local id, day, now = f[1], f[2], clock(f[4])
  if (redis.call('GET', P .. ':seq') or '0') ~= f[3] then return { 'MOVED' } end
  local made, wanted = in_progress(P, id, now), {}
  for _, counter in ipairs(redis.call('SMEMBERS', P .. ':counters:' .. id)) do
    if string.match(counter, '^%d+:.-:(.-):') == day then wanted[counter] = 0 end
  end
  for i = 2, #args, 3 do
    wanted[id .. ':' .. args[i] .. ':' .. day .. ':' .. args[i + 1]] = tonumber(args[i + 2])
  end
  for counter, used in pairs(wanted) do
    local change = used + (made[counter] or 0) - used_at(P, counter, now)
    if change ~= 0 then settle(P, counter, now, 0, change) end
  end
  local client = load_client(P, id)
  if client then resettle_counters(P, id, client, now) end
  return { 'OK' }
end
