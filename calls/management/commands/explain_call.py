"""What would happen to a call, and why."""

from argparse import ArgumentParser
from typing import Any

from django.utils import timezone

from accounts.selectors import account_named, accounts_for
from calls.management.base import StoreCommand, for_scripts, up_to_date
from calls.services.explain import Explanation, explain_call
from clients import tenancy
from clients.errors import DomainError
from clients.management.base import instant
from clients.tenancy import PLATFORM


class Command(StoreCommand):
    help = (
        "Say what would happen to a call and why: every rule in order with its verdict. The same"
        " code decides as for a real call; nothing is reserved. Prints JSON except on a terminal."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--account", required=True, help="id or SIP username")
        parser.add_argument("--to", required=True, help="the number as dialled")
        parser.add_argument("--from", dest="caller", default="", help="the caller's number")
        parser.add_argument("--at", type=instant, default=None, help="ISO date and time; now")
        super().add_arguments(parser)

    def run(self, **options: Any) -> None:
        for_scripts(self)
        if not options["to"].strip():
            raise DomainError("--to names no number.")
        with tenancy.reading(PLATFORM):
            accounts = accounts_for(PLATFORM).select_related("client__reseller")
            account = account_named(accounts, options["account"])
        if account is None:
            raise DomainError(f"There is no account {options['account']}.")
        up_to_date(account.client)
        with tenancy.reading(PLATFORM):
            explained = explain_call(
                account=account,
                dialled=options["to"],
                caller=options["caller"],
                at=options["at"] or timezone.now(),
                routes_shown=True,
            )
        self.out(explained.as_json(), as_text(explained))


def as_text(explained: Explanation) -> str:
    """The answer for a person at a terminal."""
    verdict = "allowed" if explained.allowed else f"refused, {explained.code}"
    rules = [
        f"  {'passed ' if each.passed else 'REFUSED'}  {each.rule}: {each.detail}"
        for each in explained.rules
    ]
    return "\n".join([f"{verdict}: {explained.sentence}", *rules, *explained.changes])
