"""What a switch sends; anything malformed or absurd is refused with a message at its field."""

import re
from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

CALL_ID = re.compile(r"([0-9]{13})-(s(?:[0-5][0-9]|6[0-3]))-[0-9]{1,16}")
LONGEST_SECONDS = 7 * 24 * 3600
WORD = r"^[\x21-\x7b\x7d\x7e]*$"  # printable, no bar
WORDS_MESSAGE = _("Only printable characters without spaces and bars are allowed.")


def word(length: int, **options: Any) -> serializers.RegexField:
    """A short text of printable ASCII."""
    return serializers.RegexField(
        WORD, max_length=length, error_messages={"invalid": WORDS_MESSAGE}, **options
    )


class AuthorizeRequest(serializers.Serializer[Any]):
    """A call to decide.

    ``account`` is an account's id, or a SIP username that the switch has authenticated; without it
    the account is known by ``source_ip``. ``request_id`` repeated within five minutes gets the same
    answer and reservation.
    """

    request_id = word(64)
    account = word(64, required=False, default="")
    source_ip = serializers.IPAddressField(required=False, default="")
    source_port = serializers.IntegerField(
        required=False, allow_null=True, default=None, min_value=1, max_value=65535
    )
    protocol = serializers.ChoiceField(["udp", "tcp", "tls"], required=False, default="udp")
    dialled = serializers.CharField(max_length=128, trim_whitespace=False)
    caller = serializers.CharField(max_length=128, required=False, default="", allow_blank=True)
    sip_call_id = word(255, required=False, default="", allow_blank=True)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if not attrs["account"] and not attrs["source_ip"]:
            raise serializers.ValidationError({"account": _("Name an account or a source_ip.")})
        return attrs


class CallIdField(serializers.RegexField):
    """A call's id as ``authorize`` answered it."""

    def __init__(self, **options: Any) -> None:
        messages = {"invalid": _("This is not the id of a call.")}
        super().__init__(
            rf"\A{CALL_ID.pattern}\Z", trim_whitespace=False, error_messages=messages, **options
        )


class AnswerRequest(serializers.Serializer[Any]):
    """The called party has answered. May arrive twice, late or never.

    Sent again while the call is up, it asks what is left now.
    """

    call_id = CallIdField()


class EndRequest(serializers.Serializer[Any]):
    """A call is over. ``talk_seconds`` from answer to hang-up stands in for a lost ``answer``."""

    call_id = CallIdField()
    why = serializers.ChoiceField(
        ["normal", "failed", "cancelled", "timeout"], required=False, default="normal"
    )
    talk_seconds = serializers.DecimalField(
        max_digits=10,
        decimal_places=3,
        min_value=0,
        max_value=LONGEST_SECONDS,
        required=False,
        allow_null=True,
        default=None,
    )
    sip_code = serializers.IntegerField(
        min_value=100, max_value=699, required=False, allow_null=True, default=None
    )
    q850 = serializers.IntegerField(
        min_value=0, max_value=127, required=False, allow_null=True, default=None
    )
    who = serializers.ChoiceField(
        ["caller", "callee", "switch", ""], required=False, default="", allow_blank=True
    )


class AuthorizeAnswer(serializers.Serializer[Any]):
    """The verdict. ``max_seconds`` null: nothing limits the call (an emergency)."""

    call_id = serializers.CharField()
    allowed = serializers.BooleanField()
    code = serializers.IntegerField(allow_null=True)
    sip_status = serializers.IntegerField()
    sentence = serializers.CharField()
    max_seconds = serializers.IntegerField(allow_null=True)
    number = serializers.CharField()
    destination = serializers.CharField()
    emergency = serializers.BooleanField()
    routes = serializers.ListField(child=serializers.CharField())


class AnswerAnswer(serializers.Serializer[Any]):
    """``result`` ok, duplicate, or gone (not known any more).

    ``left_seconds`` is what the call may last from now on: 0 for one to be ended at once, null
    where nothing limits it (an emergency) or it is over. It shrinks while other calls share an
    allowance, and changes with a limit; ``answer`` sent again tells it anew. The switch that asks
    ends the call itself when it has passed: this door hangs nobody up.
    """

    result = serializers.ChoiceField(["ok", "duplicate", "gone"])
    left_seconds = serializers.IntegerField(allow_null=True)


class EndAnswer(serializers.Serializer[Any]):
    """``talk_seconds`` as counted, ``code`` why it was cut, if it was."""

    result = serializers.ChoiceField(["ok", "duplicate", "gone"])
    talk_seconds = serializers.DecimalField(max_digits=10, decimal_places=3, allow_null=True)
    code = serializers.IntegerField(allow_null=True)
