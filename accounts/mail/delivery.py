"""One mail handed to the mail server, told apart by what is known afterwards."""

import logging
import smtplib
from contextlib import suppress

from django.core.mail import EmailMultiAlternatives, get_connection

logger = logging.getLogger(__name__)


class Refused(Exception):
    """The server has not taken the mail, and said so or could not be reached.

    ``permanent`` is true when it would refuse again (5xx).
    """

    def __init__(self, why: str, *, permanent: bool) -> None:
        super().__init__(why)
        self.why = why
        self.permanent = permanent


class Unconfirmed(Exception):
    """The connection was lost after the mail had gone out: it may have been taken."""


def deliver(message: EmailMultiAlternatives) -> None:
    """Return when the server has accepted the mail; raise Refused or Unconfirmed otherwise."""
    connection = get_connection()
    try:
        connection.open()
    except (OSError, smtplib.SMTPException) as error:
        raise Refused(_said(error), permanent=False) from None
    body = _BodyWatch(getattr(connection, "connection", None))
    message.connection = connection
    try:
        sent = message.send()
    except smtplib.SMTPServerDisconnected as error:
        if body.went_out:
            raise Unconfirmed(_said(error)) from None
        raise Refused(_said(error), permanent=False) from None
    except smtplib.SMTPRecipientsRefused as error:
        [(code, text)] = error.recipients.values()
        raise _refused(code, text) from None
    except smtplib.SMTPResponseException as error:
        raise _refused(error.smtp_code, error.smtp_error) from None
    except smtplib.SMTPException as error:
        raise Refused(_said(error), permanent=True) from None
    finally:
        # What the server says when we leave changes nothing.
        with suppress(OSError, smtplib.SMTPException):
            connection.close()
    if not sent:
        raise Refused("the address cannot be used", permanent=True)


class _BodyWatch:
    """Notices when an SMTP connection begins to send the message itself."""

    def __init__(self, smtp: object) -> None:
        self.went_out = False
        if isinstance(smtp, smtplib.SMTP):
            send_body = smtp.data

            def data(msg: bytes) -> tuple[int, bytes]:
                self.went_out = True
                return send_body(msg)

            vars(smtp)["data"] = data


def _refused(code: int, text: bytes | str) -> Refused:
    said = text.decode(errors="replace") if isinstance(text, bytes) else text
    return Refused(f"{code} {said}"[:500], permanent=code >= 500)


def _said(error: Exception) -> str:
    if isinstance(error, smtplib.SMTPResponseException):
        return str(_refused(error.smtp_code, error.smtp_error).why)
    return str(error)[:500] or type(error).__name__
