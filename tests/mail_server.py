"""A real SMTP server in a thread, with the moods of real ones."""

import logging
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session


class MailServer:
    """Keeps what it accepts; ``mood`` decides what it does with the next mails.

    Moods: ``well``; ``busy`` (451 after the text); ``no_such_user`` (550 to the recipient);
    ``hang_up_before`` (closes at the recipient); ``hang_up_after`` (keeps the mail, then closes
    without an answer).
    """

    def __init__(self) -> None:
        self.mood = "well"
        self.mails: list[EmailMessage] = []
        self.port = 0

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self.mood == "no_such_user":
            return "550 5.1.1 No such user here"
        if self.mood == "hang_up_before":
            _hang_up(server)
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        if self.mood == "busy":
            return "451 4.3.0 Busy, come back later"
        assert isinstance(envelope.content, bytes)
        mail: Any = message_from_bytes(envelope.content, policy=policy.default)
        self.mails.append(mail)
        if self.mood == "hang_up_after":
            _hang_up(server)
        return "250 OK"


def _hang_up(server: SMTP) -> None:
    assert server.transport
    server.transport.close()


# At its own DEBUG level aiosmtpd logs every line of a mail.
logging.getLogger("mail.log").setLevel(logging.WARNING)


@contextmanager
def mail_server() -> Iterator[MailServer]:
    """A server on a free port of this machine, for the time of the block."""
    handler = MailServer()
    with socket.create_server(("127.0.0.1", 0)) as free:
        handler.port = free.getsockname()[1]
    controller = Controller(handler, hostname="127.0.0.1", port=handler.port, ready_timeout=10)
    controller.start()
    try:
        yield handler
    finally:
        controller.stop()
