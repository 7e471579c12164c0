-- Whose call is it: by username, or by address. All accounts, under the tag {id}.
--
-- `:acct:ID` what an account is known by (JSON in m), `:name:USERNAME` its id, `:net:NETWORK` the
-- set of ID|protocol|port that come from there, `:nets` how many entries each length of network has.

local function forget(P, id)
  local old = decoded(P .. ':acct:' .. id, 'm')
  if not old then return end
  if old.name and redis.call('GET', P .. ':name:' .. old.name) == id then
    redis.call('DEL', P .. ':name:' .. old.name)
  end
  for _, entry in ipairs(old.nets) do
    redis.call('SREM', P .. ':net:' .. entry[1], id .. '|' .. entry[2] .. '|' .. entry[3])
    local size = string.match(entry[1], '^%d/%d+')
    if redis.call('HINCRBY', P .. ':nets', size, -1) <= 0 then
      redis.call('HDEL', P .. ':nets', size)
    end
  end
end

-- account_id|version, then what it is known by; nothing removes it.
local function put_identity(keys, args)
  local P, f = keys[1], unpacked(args[1], 2)
  local stored = tonumber(redis.call('HGET', P .. ':acct:' .. f[1], 'v') or nil)
  if stored and stored > tonumber(f[2]) then return { 'OLD' } end
  forget(P, f[1])
  if not args[2] then
    redis.call('DEL', P .. ':acct:' .. f[1])
    return { 'OK' }
  end
  redis.call('HSET', P .. ':acct:' .. f[1], 'v', f[2], 'm', args[2])
  local identity = cjson.decode(args[2])
  if identity.name then redis.call('SET', P .. ':name:' .. identity.name, f[1]) end
  for _, entry in ipairs(identity.nets) do
    redis.call('SADD', P .. ':net:' .. entry[1], f[1] .. '|' .. entry[2] .. '|' .. entry[3])
    redis.call('HINCRBY', P .. ':nets', string.match(entry[1], '^%d/%d+'), 1)
  end
  return { 'OK' }
end

local function known(P, id)
  local identity = decoded(P .. ':acct:' .. id, 'm')
  if not identity then return { 'NONE' } end
  return { 'OK', identity.shard, id, identity.ha1 or '', identity.addresses or '' }
end

-- The rank of an entry, the best first: longest tech prefix that the number begins with, most
-- specific network, own port, own protocol, active before inactive.
local function rank(identity, number, length, protocol, port)
  local tech = begins(number, identity.tech) and #identity.tech or -1
  return { tech, length, port ~= '' and 1 or 0, protocol ~= '' and 1 or 0, identity.on and 1 or 0 }
end

local function compare(a, b)
  for i = 1, #a do
    if a[i] ~= b[i] then return a[i] > b[i] and 1 or -1 end
  end
  return 0
end

local function by_address(P, source, port, protocol, called)
  local family, hex = address_of(source)
  if not family then return { 'NONE' } end
  local number, best, ids = cleaned(called), nil, {}
  for _, size in ipairs(redis.call('HKEYS', P .. ':nets')) do
    local of, length = string.match(size, '^(%d)/(%d+)')
    local members = of == family
      and redis.call('SMEMBERS', P .. ':net:' .. network_of(family, hex, tonumber(length))) or {}
    for _, member in ipairs(members) do
      local id, own_protocol, own_port = string.match(member, '^(%d+)|(.-)|(.*)$')
      if (own_protocol == '' or own_protocol == string.lower(protocol))
          and (own_port == '' or own_port == port) then
        local identity = decoded(P .. ':acct:' .. id, 'm')
        local found = rank(identity, number, tonumber(length), own_protocol, own_port)
        local against = best and compare(found, best) or 1
        if against > 0 then best, ids = found, { id }
        elseif against == 0 and ids[1] ~= id then ids[#ids + 1] = id end
      end
    end
  end
  if #ids == 0 then return { 'NONE' } end
  if #ids > 1 then table.sort(ids); return { 'AMBIGUOUS', table.concat(ids, ' ') } end
  return known(P, ids[1])
end

-- name|USERNAME or ip|SRC_IP|SRC_PORT|PROTO|CALLED_USER. A store that was emptied knows nobody, and
-- says so: UNREADY is not NONE.
local function identify(keys, args)
  local P, kind = keys[1], string.match(args[1], '^(%a+)|')
  if not shard_value(P, 'epoch') then return { 'UNREADY' } end
  if kind == 'name' then
    local id = redis.call('GET', P .. ':name:' .. string.lower(string.sub(args[1], 6)))
    return id and known(P, id) or { 'NONE' }
  end
  local f = unpacked(args[1], 5)
  return by_address(P, f[2], f[3], f[4], f[5])
end

-- code|node|src_ip|proto|username|dialled: a refusal before an account is known.
local function refused(keys, args)
  local P, f = keys[1], unpacked(args[1], 6)
  local now = clock()
  local id = new_id(P, now)
  emit(P, 'barred', { id = id, at = now, code = tonumber(f[1]), params = {}, node = f[2],
    source = f[3], username = plain(f[5], 128), dialled = plain(f[6], 128) })
  return { 'OK', id }
end
