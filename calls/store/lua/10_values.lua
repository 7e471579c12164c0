-- Values: time, packed arguments, figures for people.
-- Every function of the library is FCALL name 1 <tag> <packed>; keys are tag .. ':' .. something.

local HEARTBEAT_MS = 5000        -- an enforcement sweep older than this is not running
local LISTED_MS = 10000          -- a call this old is among those its switch tells
local RING_MS = 300000           -- a reservation without an answer is lost after this
local LOST_MS = 300000           -- an answered call without an end is lost this long after its limit
local LONG_GRACE_MS = 2000       -- the switch's own timer cuts a long call first
local ASKER_GRACE_MS = 60000     -- a call that only its asker can end is lost this long after it is due
local TOMBSTONE_MS = 60000       -- a finished call is remembered, so that twice is once
local LOST_KEPT_MS = 172800000   -- a lost call is kept for a late end; its counters live longer
local TURNS = 100                -- live calls one decision moves on to a new day; the sweep the rest
local REPEAT_MS = 300000         -- a repeated request_id gets the same answer
local EMERGENCY_MS = 86400000    -- an emergency call has no limit; its reservation has
local COUNTER_SECONDS = 345600   -- a day's counters are kept four days

-- Milliseconds since the epoch: the moment given, or the store's own time.
local function clock(given)
  local at = tonumber(given)
  if at then return math.floor(at) end
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end

-- `count` fields between bars; the last takes the rest, bars included.
local function unpacked(packed, count)
  local fields, from = {}, 1
  for i = 1, count - 1 do
    local bar = string.find(packed, '|', from, true)
    if not bar then fields[i] = string.sub(packed, from); from = #packed + 1
    else fields[i] = string.sub(packed, from, bar - 1); from = bar + 1 end
  end
  fields[count] = string.sub(packed, from)
  return fields
end

local function words(text)
  local list = {}
  for word in string.gmatch(text or '', '%S+') do list[#list + 1] = word end
  return list
end

local function whole(number) return string.format('%.0f', number) end

-- Minutes with two decimals, of milliseconds.
local function minutes(ms) return string.format('%.2f', math.floor(ms / 600 + 0.5) / 100) end

local SYMBOLS = { GBP = '£', EUR = '€', USD = '$' }

-- An amount of millionths with its real precision, two decimals at least.
local function money(micro, currency)
  local text = string.format('%.0f.%06.0f', math.floor(micro / 1000000), micro % 1000000)
  text = string.gsub(text, '0+$', '')
  local decimals = #string.match(text, '%.(%d*)$')
  return (SYMBOLS[currency] or (currency .. ' ')) .. text .. string.rep('0', 2 - decimals)
end

-- What a stranger typed, fit to stand in a sentence and in a SIP header.
local function printable(text)
  local safe = string.gsub(text, '[^%w+*#.:; -]', '?')
  return string.sub(safe, 1, 40)
end

-- What a stranger sent, fit for an event: at most `length` characters of ASCII.
local function plain(text, length)
  return string.sub((string.gsub(text or '', '[^\32-\126]', '?')), 1, length)
end

-- A refusal: its code and form choose the sentence, the parameters fill it.
local function sentence(code, params)
  local template = SENTENCES[code .. (params.form and '.' .. params.form or '')]
  return (string.gsub(template, '%%%((%w+)%)s', params))
end

local SIP_STATUS = { [108] = 480, [201] = 484, [202] = 404, [203] = 404, [313] = 404, [501] = 503 }

local function sip_status(code) return SIP_STATUS[code] or 403 end

-- Append an event. They are numbered: a store that was lost is known by a lower number.
local function emit(P, kind, body)
  local number = redis.call('INCR', P .. ':seq')
  redis.call('XADD', P .. ':ev', '*', 'k', kind, 'q', number, 'd', cjson.encode(body))
end

-- A call's id: when it was authorised, and a number of its own.
local function new_id(P, now)
  return whole(now) .. '-' .. string.match(P, '{(.*)}') .. '-' .. whole(redis.call('INCR', P .. ':ids'))
end
