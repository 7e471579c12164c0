"""Ask the mail server to take one mail."""

import json
from argparse import ArgumentParser, ArgumentTypeError
from email.utils import make_msgid
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.mail import EmailMultiAlternatives
from django.core.management.base import BaseCommand, CommandError
from django.core.validators import validate_email
from django.utils.translation import gettext as _

from accounts.mail import delivery


def address(text: str) -> str:
    """An email address of the command line."""
    try:
        validate_email(text)
    except ValidationError:
        raise ArgumentTypeError(f"{text!r} is not an email address") from None
    return text


class Command(BaseCommand):
    help = "Send a test mail now; exit 0 when the mail server has accepted it, 1 when it has not."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("address", type=address)
        parser.add_argument("--json", action="store_true", help="print the result as JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        message_id = make_msgid(domain="localhost")
        message = EmailMultiAlternatives(
            subject=_("Test mail of the trunk portal"),
            body=_("The trunk portal can send mail from here."),
            to=[options["address"]],
            headers={"Message-ID": message_id},
        )
        server = f"{settings.EMAIL_HOST}:{settings.EMAIL_PORT}"
        try:
            delivery.deliver(message)
        except (delivery.Refused, delivery.Unconfirmed) as error:
            raise CommandError(f"{server}: {error}") from None
        result = {"address": options["address"], "server": server, "message_id": message_id}
        if options["json"]:
            self.stdout.write(json.dumps(result))
        else:
            self.stdout.write(f"{server} has accepted the mail to {options['address']}.")
