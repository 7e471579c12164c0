-- How a dialled number is understood; the same rules, step by step, as limits/domain/numbers.py.

local function begins(text, prefix) return string.sub(text, 1, #prefix) == prefix end

-- Rules are `prefix:length,length` separated by spaces.
local function accepts(rules, digits)
  for prefix, lengths in string.gmatch(rules or '', '(%d*):([%d,]+)') do
    if begins(digits, prefix) then
      for length in string.gmatch(lengths, '%d+') do
        if tonumber(length) == #digits then return true end
      end
    end
  end
  return false
end

-- `+digits` where a calling code and a valid national number follow.
local function e164(catalogue, digits)
  local codes = redis.call('HMGET', catalogue, 'n:' .. string.sub(digits, 1, 1),
    'n:' .. string.sub(digits, 1, 2), 'n:' .. string.sub(digits, 1, 3))
  for length = 1, 3 do
    if codes[length] and #digits >= length then
      return accepts(codes[length], string.sub(digits, length + 1)) and '+' .. digits or nil
    end
  end
end

-- Behind tel:, extension and separators.
local function cleaned(dialled)
  local number = string.match(dialled, '^ *(.-) *$')
  if string.lower(string.sub(number, 1, 4)) == 'tel:' then number = string.sub(number, 5) end
  number = string.gsub(number, ';[eE][xX][tT]=[^;]*', '')
  return (string.gsub(number, '[ .()-]', ''))
end

-- International or national digits to the canonical number, and how they were read.
local function canonical(catalogue, plan, number)
  if begins(number, '+') then return e164(catalogue, string.sub(number, 2)), 'plus' end
  local longest
  for _, prefix in ipairs(words(plan[2])) do
    if begins(number, prefix) and #prefix > #(longest or '') then longest = prefix end
  end
  if longest then
    return e164(catalogue, string.sub(number, #longest + 1)), 'international', longest
  end
  local trunk = plan[3]
  if trunk ~= '' and not begins(number, trunk) then return e164(catalogue, number), 'bare' end
  local national = string.sub(number, #trunk + 1)
  if accepts(redis.call('HGET', catalogue, 'n:' .. plan[1]), national) then
    return '+' .. plan[1] .. national, 'national', trunk
  end
  if trunk == '' then return e164(catalogue, number), 'bare' end
end

-- {kind, number, key, how}; kind is emergency, short or e164. Nil is invalid.
local function understand(catalogue, country, number)
  local record = redis.call('HGET', catalogue, 'c:' .. country)
  if not record or #number > 64 then return nil end
  local plan = unpacked(record, 6) -- code, international, trunk, strip, emergency, short
  for _, prefix in ipairs(words(plan[4])) do
    if begins(number, prefix) then number = string.sub(number, #prefix + 1); break end
  end
  if not string.find(number, '^%+?%d+$') then return nil end
  for _, emergency in ipairs(words(plan[5])) do
    if number == emergency then return { kind = 'emergency', number = number, key = '' } end
  end
  if accepts(plan[6], number) then
    return { kind = 'short', number = number, key = country .. ':' .. number }
  end
  local found, how, prefix = canonical(catalogue, plan, number)
  if not found then return nil end
  return { kind = 'e164', number = found, key = string.sub(found, 2), how = how, prefix = prefix }
end

-- Every prefix of a key behind `letter`, longest first.
local function prefixes(letter, key)
  local list = {}
  for length = #key, 1, -1 do list[#list + 1] = letter .. string.sub(key, 1, length) end
  return list
end
