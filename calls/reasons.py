"""What a reason code means, in a sentence.

The English texts are the ones the store's function answers with; pages show them translated. A
key is a code, with ``.form`` where a code has several. Parameters are text, figures included.
No text contains a quotation mark or a per cent sign: they travel in SIP headers.
"""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext, gettext_noop

SENTENCES: Mapping[str, str] = {
    "101": gettext_noop("%(destination)s allowance is spent: %(used)s of %(limit)s min."),
    "101.off": gettext_noop(
        "Today's off-hours allowance for %(destination)s is spent: %(used)s of %(limit)s min."
    ),
    "102": gettext_noop("%(destination)s costs %(price)s a minute; barred from %(cap)s."),
    "103": gettext_noop("%(destination)s costs %(price)s to set up; barred from %(cap)s."),
    "104": gettext_noop(
        "High price calls are barred during off-hours: the first minute costs %(price)s,"
        " more than %(limit)s."
    ),
    "105": gettext_noop(
        "International calls are barred during off-hours: %(destination)s is another country."
    ),
    "106": gettext_noop("This day or period is not worked; no calls are allowed in it."),
    "107": gettext_noop("%(destination)s is barred by the limit profiles."),
    "108.account": gettext_noop("The account's capacity is reached: %(used)s of %(limit)s calls."),
    "108.client": gettext_noop("The client's capacity is reached: %(used)s of %(limit)s calls."),
    "108.tier": gettext_noop("Provider limit reached: capacity."),
    "109": gettext_noop("Provider limit reached."),
    "110": gettext_noop("The balance is exhausted."),
    "111": gettext_noop("The call reached its longest duration, %(limit)s min."),
    "201": gettext_noop("%(dialled)s is not a valid number."),
    "202": gettext_noop("No destination is known for %(number)s."),
    "203": gettext_noop("There is no rate for %(number)s."),
    "305": gettext_noop("The account is not known."),
    "306": gettext_noop("The credentials are wrong."),
    "307": gettext_noop("The account may not call from %(source)s."),
    "308": gettext_noop("The account is inactive."),
    "309.client": gettext_noop("The client is suspended."),
    "309.tier": gettext_noop("The provider is suspended."),
    "310": gettext_noop("The number does not begin with the account's tech prefix."),
    "311": gettext_noop("The account may not call as %(caller)s."),
    "313": gettext_noop("There is no route for %(number)s."),
    "401": gettext_noop("%(number)s is blocked: %(prefix)s is on the block list."),
    "501.policy": gettext_noop("Cannot decide now: the policy is missing."),
    "501.epoch": gettext_noop("Cannot decide now: the store is being rebuilt."),
    "501.calendar": gettext_noop("Cannot decide now: no calendar is published for this moment."),
    "501.enforcement": gettext_noop(
        "Cannot decide now: enforcement is not running and another call shares the allowance."
    ),
    "501.store": gettext_noop("Cannot decide now."),
}

NAMES: Mapping[int, str] = {
    101: gettext_noop("daily limit reached"),
    102: gettext_noop("price a minute over cap"),
    103: gettext_noop("set-up price over cap"),
    104: gettext_noop("high price off-hours"),
    105: gettext_noop("international off-hours"),
    106: gettext_noop("day or period not worked"),
    107: gettext_noop("destination barred"),
    108: gettext_noop("capacity reached"),
    109: gettext_noop("provider limit reached"),
    110: gettext_noop("balance exhausted"),
    111: gettext_noop("long call cut"),
    201: gettext_noop("invalid number"),
    202: gettext_noop("unknown destination"),
    203: gettext_noop("no rate"),
    305: gettext_noop("account not found"),
    306: gettext_noop("wrong credentials"),
    307: gettext_noop("wrong address"),
    308: gettext_noop("account inactive"),
    309: gettext_noop("suspended"),
    310: gettext_noop("tech prefix"),
    311: gettext_noop("caller number"),
    313: gettext_noop("no route"),
    401: gettext_noop("blocked"),
    501: gettext_noop("cannot decide now"),
}


def name(code: int) -> str:
    """A code in two or three words."""
    return gettext(NAMES[code]) if code in NAMES else str(code)


def sentence(code: int, parameters: Mapping[str, Any]) -> str:
    """The translated sentence of a refusal or a cut.

    A bare name where there is none, or where an old row lacks a figure that the sentence has.
    """
    form = parameters.get("form")
    template = SENTENCES.get(f"{code}.{form}" if form else str(code))
    if template is None:
        return name(code)
    try:
        return gettext(template) % {key: str(value) for key, value in parameters.items()}
    except KeyError:
        return name(code)
