"""Answers that belong to no app."""

import logging
import sys

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template.loader import render_to_string

logger = logging.getLogger(__name__)
RETRY_AFTER_SECONDS = 5


def server_error(request: HttpRequest) -> HttpResponse:
    """Answer an error nobody handled: 503 with Retry-After when PostgreSQL is away, else 500.

    To a switch a 503 carries the reason code 501: a limit is never skipped.
    """
    away = isinstance(sys.exc_info()[1], OperationalError | InterfaceError)
    status = 503 if away else 500
    response: HttpResponse
    if request.path.startswith("/api/"):
        refusal = {"allowed": False, "code": 501, "sip_status": 503}
        response = JsonResponse(refusal | {"sentence": "Cannot decide now."}, status=503)
        away = True
    else:
        response = HttpResponse(render_to_string(f"{status}.html"), status=status)
    if away:
        logger.error("cannot answer %s: %s", request.path, sys.exc_info()[1])
        response.headers["Retry-After"] = str(RETRY_AFTER_SECONDS)
    return response
