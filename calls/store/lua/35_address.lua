-- Addresses. A network is FAMILY/LENGTH/HEX, its first LENGTH bits in hexadecimal, the rest 0.

local function hex_of_v4(text)
  local hex = ''
  local parts = { string.match(text, '^(%d+)%.(%d+)%.(%d+)%.(%d+)$') }
  if #parts ~= 4 then return nil end
  for _, part in ipairs(parts) do
    if tonumber(part) > 255 then return nil end
    hex = hex .. string.format('%02x', part)
  end
  return hex
end

local function groups_of_v6(text)
  local hex = ''
  for group in string.gmatch(text, '[^:]+') do
    local tail = string.find(group, '.', 1, true) and hex_of_v4(group)
    if not tail and not string.find(group, '^%x%x?%x?%x?$') then return nil end
    hex = hex .. (tail or string.rep('0', 4 - #group) .. string.lower(group))
  end
  return hex
end

local function hex_of_v6(text)
  local head, tail = string.match(text, '^(.-)::(.*)$')
  head, tail = groups_of_v6(head or text), groups_of_v6(tail or '')
  if not head or not tail or #head + #tail > 32 then return nil end
  if not string.find(text, '::', 1, true) and #head ~= 32 then return nil end
  return head .. string.rep('0', 32 - #head - #tail) .. tail
end

-- The family ('4' or '6') and hexadecimal digits of an address; nil where it is none.
local function address_of(text)
  text = string.match(text, '^%[(.*)%]$') or text
  local hex = hex_of_v4(text)
  if hex then return '4', hex end
  hex = string.find(text, ':', 1, true) and hex_of_v6(text)
  if hex then return '6', hex end
end

-- The network of `length` bits that an address lies in.
local function network_of(family, hex, length)
  local nibbles = math.floor(length / 4)
  local kept = string.sub(hex, 1, nibbles)
  local bits = length % 4
  if bits > 0 then
    local step = 2 ^ (4 - bits)
    local nibble = tonumber(string.sub(hex, nibbles + 1, nibbles + 1), 16)
    kept = kept .. string.format('%x', math.floor(nibble / step) * step)
  end
  return family .. '/' .. length .. '/' .. kept .. string.rep('0', #hex - #kept)
end

local function address_matches(network, source)
  local family, hex = address_of(source)
  local wanted, length = string.match(network, '^(%d)/(%d+)/')
  return family == wanted and network_of(family, hex, tonumber(length)) == network
end
