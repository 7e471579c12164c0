"""``/api/v1/calls/authorize``, ``answer`` and ``end``."""

import json
import logging
from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime
from typing import Any, cast

import redis
from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from drf_spectacular.views import SpectacularAPIView
from rest_framework import serializers
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request as HttpRequest
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.domain.credentials import account_id
from calls import reasons
from calls.api.authentication import BearerToken, Switch
from calls.api.serializers import (
    CALL_ID,
    AnswerAnswer,
    AnswerRequest,
    AuthorizeAnswer,
    AuthorizeRequest,
    EndAnswer,
    EndRequest,
)
from calls.store import functions, publish
from calls.store.connection import IDENTITIES, store
from calls.store.functions import Request, Verdict

logger = logging.getLogger(__name__)
RETRY_AFTER_SECONDS = 5
RESULTS = {"OK": "ok", "DUP": "duplicate", "GONE": "gone"}
CLOCKS_APART_SECONDS = 10


class CallControl(APIView):
    """One question of a switch. The store away is 503 with reason code 501, like no decision."""

    authentication_classes = (BearerToken,)
    request_class: type[serializers.Serializer[Any]]

    def ask(self, request: HttpRequest, question: Callable[[dict[str, Any]], Response]) -> Response:
        """Validate what was sent and put the question to the store."""
        sent = self.request_class(data=request.data)
        sent.is_valid(raise_exception=True)
        try:
            return question(sent.validated_data)
        except redis.RedisError as error:
            logger.error("501 the store cannot decide: %s", error)
            return _undecided(reasons.sentence(501, {"form": "store"}))


class SchemaView(SpectacularAPIView):
    """The description of this door (OpenAPI), for whoever may use it."""

    authentication_classes = (BearerToken,)
    permission_classes = (IsAuthenticated,)


class AuthorizeView(CallControl):
    request_class = AuthorizeRequest

    @extend_schema(request=AuthorizeRequest, responses=AuthorizeAnswer)
    def post(self, request: HttpRequest) -> Response:
        """May this call be made, for how long, and by which routes?"""
        node = cast("Switch", request.user).name
        return self.ask(request, lambda sent: _authorize(sent, node))


class AnswerView(CallControl):
    request_class = AnswerRequest

    @extend_schema(request=AnswerRequest, responses=AnswerAnswer)
    def post(self, request: HttpRequest) -> Response:
        """The called party has answered: the call begins to count.

        The switch that asks ends the call itself once ``left_seconds`` have passed. It is asked
        again, by ``answer``, as often as the switch wants to follow calls that share an allowance
        and limits that change. A call without an ``end`` is given up one minute after it was due,
        with the longest it could have lasted counted; an ``end`` with ``talk_seconds`` that comes
        within two days corrects that.
        """
        node = cast("Switch", request.user).name
        return self.ask(request, lambda sent: _answer(sent, node))


class EndView(CallControl):
    request_class = EndRequest

    @extend_schema(request=EndRequest, responses=EndAnswer)
    def post(self, request: HttpRequest) -> Response:
        """The call is over."""
        at = timezone.now()
        return self.ask(request, lambda sent: _end(sent, at))


def _authorize(sent: dict[str, Any], node: str) -> Response:
    identified, shard, code = _identify(sent)
    if code == 501:
        return _undecided(reasons.sentence(501, {"form": "epoch"}))
    if code is not None:
        fields = (str(code), node, sent["source_ip"], sent["protocol"], sent["account"])
        packed = "|".join([*(field.replace("|", "?") for field in fields), sent["dialled"]])
        reply = functions.refused(store(), packed)
        sentence = reasons.sentence(code, {})
        verdict = Verdict(
            allowed=False, call_id=reply, sip_status=403, code=code, sentence=sentence
        )
    else:
        request = Request(
            request_id=sent["request_id"],
            account_id=identified,
            node=node,
            source=sent["source_ip"],
            auth="name" if sent["account"] else "ip",
            sip_call_id=sent["sip_call_id"],
            caller=sent["caller"],
            dialled=sent["dialled"],
        )
        verdict = functions.authorize(store(), shard, request)
    if verdict.code == 501:
        return _undecided(verdict.sentence)
    return Response(asdict(verdict))


def _identify(sent: dict[str, Any]) -> tuple[str, str, int | None]:
    """The account's id and shard, or the reason code of a refusal."""
    if not sent["account"]:
        reply = functions.identify_address(
            store(),
            sent["source_ip"],
            port=sent["source_port"] or "",
            protocol=sent["protocol"],
            called=sent["dialled"],
        )
    else:
        reply = functions.identify_name(store(), sent["account"])
        pk = account_id(sent["account"])
        if reply[0] != "UNREADY" and pk is not None:
            known = store().hget(f"{IDENTITIES}:acct:{pk}", "m")
            reply = ["OK", json.loads(known)["shard"], str(pk)] if known else reply
    if reply[0] == "OK":
        return reply[2], reply[1], None
    return "", "", 501 if reply[0] == "UNREADY" else 305


def _answer(sent: dict[str, Any], node: str) -> Response:
    reply = functions.answer(store(), _shard(sent["call_id"]), sent["call_id"], node=node)
    result, left_ms, *_ = [*reply, ""]
    left = int(left_ms) // 1000 if left_ms else None
    return Response({"result": RESULTS[result], "left_seconds": left})


def _end(sent: dict[str, Any], at: datetime) -> Response:
    talk = sent["talk_seconds"]
    if talk is not None:
        authorised_ms = int(cast("Any", CALL_ID.fullmatch(sent["call_id"]))[1])
        if float(talk) > at.timestamp() - authorised_ms / 1000 + CLOCKS_APART_SECONDS:
            message = _("The call cannot have lasted longer than since it was authorised.")
            raise serializers.ValidationError({"talk_seconds": [message]})
    reply = functions.end(
        store(),
        publish.read_shard(store(), _shard(sent["call_id"])),
        sent["call_id"],
        why=sent["why"],
        talk_ms=None if talk is None else int(talk * 1000),
        sip_code=sent["sip_code"],
        q850=sent["q850"],
        who=sent["who"],
    )
    talked, code = (int(reply[1]) / 1000, reply[2]) if reply[0] == "OK" else (None, "")
    body = {
        "result": RESULTS[reply[0]],
        "talk_seconds": talked,
        "code": int(code) if code else None,
    }
    return Response(body)


def _shard(call_id: str) -> str:
    return f"{{{cast('Any', CALL_ID.fullmatch(call_id))[2]}}}"


def _undecided(sentence: str) -> Response:
    body = {"allowed": False, "code": 501, "sip_status": 503, "sentence": sentence}
    return Response(body, status=503, headers={"Retry-After": str(RETRY_AFTER_SECONDS)})
