"""Faults to plant in the store's function, each of which the reference model must notice."""

from typing import NamedTuple


class Fault(NamedTuple):
    """`instead` takes the place of `text`, which is found once in the source of the library."""

    name: str
    text: str
    instead: str


FAULTS = (
    # Numbers
    Fault("a longer prefix does not win", "for length = #key, 1, -1 do", "for length = 1, #key do"),
    Fault("only spaces and hyphens are separators", "'[ .()-]'", "'[ -]'"),
    Fault(
        "an extension is not taken off",
        "number = string.gsub(number, ';[eE][xX][tT]=[^;]*', '')",
        "",
    ),
    Fault(
        "141 and 1470 stay in front",
        "if begins(number, prefix) then number = string.sub(number, #prefix + 1); break end",
        "",
    ),
    Fault(
        "a number that begins like an emergency number is one",
        "if number == emergency then",
        "if begins(number, emergency) then",
    ),
    Fault(
        "bare digits are never national",
        "if trunk ~= '' and not begins(number, trunk) then",
        "if trunk == '' or not begins(number, trunk) then",
    ),
    # Accounts and clients
    Fault("the tech prefix may be left out", "then return 310, {} end", "then return end"),
    Fault(
        "an inactive account may call", "if not c.account.originates then return 308, {} end", ""
    ),
    Fault(
        "a suspended reseller does not bar those below",
        "if tier.status and tier.status ~= 'active' then\n      return 309",
        "if false then\n      return 309",
    ),
    Fault(
        "a suspension cuts nobody",
        "if suspended then cut_all(P, id, 309, { form = suspended }, now) end",
        "",
    ),
    # Lists and profiles
    Fault(
        "an allow list beats a block list",
        "if blocked then return 401",
        "if blocked and not listed(c, 'w:') then return 401",
    ),
    Fault("the lowest owner of an allow list counts", "level < best", "level > best"),
    Fault(
        "an allowed number is held to all limits",
        "c.held[#c.held + 1] = node .. c.suffix",
        "c.held[#c.held + 1] = node",
    ),
    Fault(
        "a barred parent bars nothing",
        "if rules[node] and rules[node].barred then",
        "if node == nodes[1] and rules[node] and rules[node].barred then",
    ),
    Fault(
        "a parent's value permits too",
        "return allowed or leaf.unlimited or leaf.day",
        "return true",
    ),
    # Prices
    Fault(
        "a price equal to its cap passes",
        "c.rate.price >= c.leaf.price",
        "c.rate.price > c.leaf.price",
    ),
    Fault(
        "a set-up price equal to its cap passes",
        "c.rate.setup >= c.leaf.setup",
        "c.rate.setup > c.leaf.setup",
    ),
    Fault(
        "a price equal to the high price is high",
        "first_minute > c.client.high",
        "first_minute >= c.client.high",
    ),
    Fault(
        "the set-up price does not make a call dear",
        "local first_minute = c.rate.setup + c.rate.price",
        "local first_minute = c.rate.price",
    ),
    Fault(
        "the account's own rate table is ignored",
        "c.account.rates or c.client.rates",
        "c.client.rates",
    ),
    Fault(
        "a rate holds at the moment of its end", "at < tonumber(rate[6])", "at <= tonumber(rate[6])"
    ),
    # Working time
    Fault(
        "high prices are barred at all hours",
        "if c.period.off and c.client.bar_high and c.client.high",
        "if c.client.bar_high and c.client.high",
    ),
    Fault(
        "international calls are barred at all hours",
        "if c.period.off and c.client.bar_international and",
        "if c.client.bar_international and",
    ),
    Fault(
        "a day at nought percent is barred in its working time too",
        "if c.period.off and c.period.percent == 0 then",
        "if c.period.percent == 0 then",
    ),
    Fault(
        "off-hours have no limit of their own",
        "return off < rules.day and off or nil",
        "return nil",
    ),
    Fault(
        "the day's total is forgotten off-hours",
        "part.off and { 'd', 'o' } or { 'd' }",
        "part.off and { 'o' } or { 'd' }",
    ),
    Fault("a period begins early", "if segment[1] > at then", "if segment[1] > at + 1000 then"),
    # Allowances
    Fault("a last part of a second is left", "if each.left < 1000 then", "if each.left <= 0 then"),
    Fault("the longest talk time is rounded up", "c.max = math.floor(", "c.max = math.ceil("),
    Fault(
        "parents are not asked",
        "for _, node in ipairs(nodes) do\n    for _, kind",
        "for _, node in ipairs({ nodes[1] }) do\n    for _, kind",
    ),
    Fault(
        "calls at once drain as one",
        "+ n * (at - (tonumber(v[3]) or at)) + add",
        "+ math.min(n, 1) * (at - (tonumber(v[3]) or at)) + add",
    ),
    Fault(
        "a late event does not go back in time",
        "+ n * (at - (tonumber(v[3]) or at)) + add",
        "+ n * math.max(0, at - (tonumber(v[3]) or at)) + add",
    ),
    Fault(
        "calls at once do not bring the end nearer",
        "math.ceil((target - used) / n)",
        "math.ceil(target - used)",
    ),
    Fault(
        "a call that ended goes on draining",
        "settle(P, counter, at, -1, add)",
        "settle(P, counter, at, 0, add)",
    ),
    Fault(
        "a call is not topped up to its second",
        "leave(P, call, share, at, seconds * 1000 - ran)",
        "leave(P, call, share, at, 0)",
    ),
    Fault(
        "the part before a crossing is not floored",
        "local rest = (at - share.p) % 1000",
        "local rest = 0",
    ),
    Fault(
        "what was floored away is lost",
        "join(P, call, share, part, at, share.carry)",
        "join(P, call, share, part, at, 0.0)",
    ),
    Fault(
        "an end told late does not undo a crossing",
        "while share.p >= at and #share.pieces > 0 do move_back(P, call, share) end",
        "",
    ),
    Fault("another allowance's calls are cut", "if each == counter then", "if true then"),
    Fault(
        "a limit that changes does not touch calls in progress",
        "  resettle_counters(P, holder, policy, now)\n  for _, call",
        "  for _, call",
    ),
    Fault(
        "a destination that is barred leaves its calls up",
        "  if not above then bar(P, id, call, now) end\n",
        "",
    ),
    # Calls
    Fault(
        "one call too many fits",
        "if slot.used >= slot.limit then",
        "if slot.used > slot.limit then",
    ),
    Fault("a reseller has no capacity of its own", "limit = tier.capacity", "limit = nil"),
    Fault(
        "an ended call keeps its account's and resellers' slots",
        "for _, key in ipairs(words(call.slots)) do redis.call('ZREM', key, id) end",
        "redis.call('ZREM', words(call.slots)[2] or '', id)",
    ),
    Fault("prepaid calls pass", "if c.client.prepaid then return 110, {} end", ""),
    Fault(
        "a long call is cut a second late",
        "whole(now + tonumber(call.long) + LONG_GRACE_MS)",
        "whole(now + tonumber(call.long) + LONG_GRACE_MS + 1000)",
    ),
    Fault(
        "an answer told twice begins again",
        "if call.s ~= 'R' then return { 'DUP', left_text(P, id, call, now) } end",
        "",
    ),
    Fault(
        "an end in an answer's stead lasted no time",
        "begin_talk(P, id, call, now - talk)",
        "begin_talk(P, id, call, now)",
    ),
    Fault("a repeated request is a new call", "if before then return cjson.decode(before) end", ""),
)
