"""Calls in words."""

from django import template
from django.utils.translation import gettext as _

from calls.models import BarredCall, CallRecord
from calls.reasons import sentence

register = template.Library()


@register.filter
def refusal(call: BarredCall) -> str:
    """Why a call was refused, as a sentence."""
    return sentence(call.code, call.parameters)


@register.filter
def ending(call: CallRecord) -> str:
    """How a call ended: the reason of a cut, who hung up, or why nobody answered."""
    if call.code:
        return sentence(call.code, call.parameters)
    if call.answered_at:
        return {
            "caller": _("Caller hung up"),
            "callee": _("Called party hung up"),
            "switch": _("Ended by the switch"),
        }.get(call.ended_by, _("Ended"))
    if call.why == "cancelled" or call.sip_code == 487:
        return _("Caller gave up")
    words = {486: _("Busy"), 480: _("Not available"), 408: _("No answer"), 404: _("No such number")}
    if call.sip_code in words:
        return words[call.sip_code]
    if call.sip_code:
        return _("Not answered, SIP %(code)s") % {"code": call.sip_code}
    return _("Not answered")
