-- Enforcement: what is due is settled, told, moved on or listed to be hung up.

-- A call to hang up, and when to ask for it again. One that no switch of ours has is its asker's to
-- end; it is given up soon when that does not happen.
local function list(P, out, id, now, retry)
  local v = redis.call('HMGET', call_key(P, id), 'h', 'cut', 's')
  if not v[2] then return end
  local h = words(v[1] or '')
  if v[3] == 'A' and not h[2] then
    redis.call('ZADD', P .. ':exp', 'LT', whole(now + ASKER_GRACE_MS), id)
  end
  local code = cjson.decode(v[2]).code
  for _, value in ipairs({ id, h[1] or '', h[2] or '', h[3] or '', tostring(code) }) do
    out[#out + 1] = value
  end
  redis.call('ZADD', P .. ':cut', whole(now + retry), id)
end

-- Every live call on an exhausted counter is to be hung up.
local function exhaust(P, counter, left, used, now, out, retry)
  local code, params = spent_reason(P, counter, left, used)
  for _, id in ipairs(calls_of(P, string.match(counter, '^r?%d+'))) do
    local v = redis.call('HMGET', call_key(P, id), 's', 'suffix')
    if v[1] == 'A' and held_to({ suffix = v[2] }, counter) then
      for _, each in ipairs(call_counters(P, id)) do
        if each == counter then
          condemn(P, id, code, params)
          list(P, out, id, now, retry)
        end
      end
    end
  end
end

-- Whether a switch that tells its calls never had this one: it was refused after all.
local function never_was(P, call, facts)
  local listed = tonumber(redis.call('HGET', P .. ':listed', facts.node) or nil)
  return call.s == 'R' and not call.seen and listed and listed > facts.at + LISTED_MS
end

-- A call whose end was never told is given up: it ends at its last proof of life, or without one
-- now at the latest, with the longest it may have lasted counted.
local function lose(P, id, now)
  local call = load_call(P, id)
  if not call then redis.call('ZREM', P .. ':exp', id); return end
  local known, facts = cjson.encode(call), cjson.decode(call.facts)
  local how = { why = 'lost', who = '', flags = { 'lost' } }
  local at, answered = tonumber(call.seen), tonumber(call.t)
  if not call.long or never_was(P, call, facts) then
    at = answered or now
  elseif not (at and answered and at >= answered) then
    how.flags[2] = 'review'
    if call.s == 'R' then begin_talk(P, id, call, facts.at) end
    local most = tonumber(call.t) + facts.max * 1000
    at = math.min(most, now)
    how.more = most - at
  end
  local _, _, event = finish(P, id, call, at, how)
  local parts = { [facts.client] = event.pieces }
  for _, each in ipairs(event.above) do parts['r' .. each[1]] = each[2] end
  redis.call('SET', call_key(P, id) .. ':lost',
    cjson.encode({ call = known, parts = parts }), 'PX', LOST_KEPT_MS)
end

-- limit|retry_ms|now -> {now, next_due, then call_id, node, h_entry, h_id, code of each to hang up}
local function sweep(keys, args)
  local P, f = keys[1], unpacked(args[1], 3)
  local limit, retry, now = tonumber(f[1]), tonumber(f[2]), clock(f[3])
  redis.call('SET', P .. ':beat', whole(now))
  local out = { whole(now), '' }
  if turn(P, now, limit) < limit then
    local due = redis.call('ZRANGEBYSCORE', P .. ':due', '-inf', whole(now), 'LIMIT', 0, limit)
    for _, counter in ipairs(due) do
      local left, n, used = settle(P, counter, now, 0, 0)
      if left and n > 0 and left <= 0 then
        exhaust(P, counter, left, used, now, out, retry)
        redis.call('ZADD', P .. ':due', whole(now + retry), counter)
      end
    end
    local cut = redis.call('ZRANGEBYSCORE', P .. ':cut', '-inf', whole(now), 'LIMIT', 0, limit)
    for _, id in ipairs(cut) do
      local long = redis.call('HGET', call_key(P, id), 'long')
      if long then
        condemn(P, id, 111, { limit = minutes(tonumber(long)) })
        list(P, out, id, now, retry)
      else redis.call('ZREM', P .. ':cut', id) end
    end
    local lost = redis.call('ZRANGEBYSCORE', P .. ':exp', '-inf', whole(now), 'LIMIT', 0, 50)
    for _, id in ipairs(lost) do lose(P, id, now) end
  end
  local next_due
  for _, set in ipairs({ ':due', ':turn', ':cut' }) do
    local first = redis.call('ZRANGE', P .. set, 0, 0, 'WITHSCORES')
    local score = tonumber(first[2] or nil)
    if score and (not next_due or score < next_due) then next_due = score end
  end
  out[2] = next_due and whole(next_due) or ''
  return out
end

-- node|now, then all calls that a switch says it has: a proof of life of each, and of no others.
local function seen(keys, args)
  local P, f = keys[1], unpacked(args[1], 2)
  local now = clock(f[2])
  redis.call('HSET', P .. ':listed', f[1], whole(now))
  for i = 2, #args do
    if redis.call('EXISTS', call_key(P, args[i])) == 1 then
      redis.call('HSET', call_key(P, args[i]), 'seen', whole(now))
    end
  end
  return { 'OK' }
end
