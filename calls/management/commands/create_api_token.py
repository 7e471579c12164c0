"""A switch's key to the HTTP door."""

from argparse import ArgumentParser
from typing import Any

from django.core.exceptions import ValidationError
from django.db import IntegrityError

from calls.api.authentication import make_token
from clients import tenancy
from clients.errors import DomainError
from clients.management.base import PortalCommand
from clients.tenancy import PLATFORM


class Command(PortalCommand):
    help = "Make a token for a switch that asks by HTTP, and print it; it is shown this once."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name", help="what the switch is called in call records")
        super().add_arguments(parser)

    def run(self, **options: Any) -> None:
        try:
            with tenancy.writing(PLATFORM):
                token = make_token(options["name"])
        except ValidationError as error:
            raise DomainError(error.messages[0]) from None
        except IntegrityError:
            raise DomainError(f"There is already a token named {options['name']}.") from None
        self.out({"name": options["name"], "token": token}, token)
