"""Adds a reseller to the tree of tenants."""

from argparse import ArgumentParser
from typing import Any

from django.utils import timezone

from clients import tenancy
from clients.errors import DomainError
from clients.forms.resellers import ResellerForm
from clients.invitations import link
from clients.management.base import PortalCommand, reseller_named
from clients.models import Membership
from clients.onboarding.services import reseller_create
from clients.tenancy import PLATFORM


class Command(PortalCommand):
    help = (
        "Make a reseller with its DEFAULT_RESELLER_PROFILE and an empty default rate table, and"
        " print its id. With --email its owner is invited: the mail is queued, and the link in it"
        " is printed on stderr."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--name", required=True, help="company name")
        parser.add_argument("--reference", required=True, help="unique on the platform")
        parser.add_argument("--parent", metavar="REF", help="the reseller above; blank: none")
        parser.add_argument("--email", default="", help="the owner's address, invited to log in")
        parser.add_argument("--country", default="GB", help="ISO code (GB)")
        parser.add_argument("--time-zone", default="Europe/London", help="(Europe/London)")
        parser.add_argument("--currency", default="GBP", help="ISO code (GBP)")
        super().add_arguments(parser)

    def run(self, **options: Any) -> None:
        names = ("name", "reference", "email", "country", "time_zone", "currency")
        form = ResellerForm({name: options[name] for name in names})
        with tenancy.reading(PLATFORM):
            parent = reseller_named(PLATFORM, options["parent"]) if options["parent"] else None
            if not form.is_valid():
                faults = (
                    f"--{name.replace('_', '-')}: {' '.join(map(str, errors))}"
                    for name, errors in form.errors.items()
                )
                raise DomainError("\n".join(faults))
        email = form.cleaned_data.pop("email")
        try:
            reseller = reseller_create(
                parent_id=parent.pk if parent else None,
                email=email,
                values=form.cleaned_data,
                acting_user=None,
                scope=PLATFORM,
                at=timezone.now(),
            )
        except DomainError as error:
            raise DomainError(f"--{error.field}: {error.message}") from error
        self.as_json = True  # scripts rely on it
        self.out({"reseller_id": reseller.pk, "reference": reseller.reference}, "")
        if email:
            with tenancy.reading(PLATFORM):
                owner = Membership.objects.get(reseller=reseller).user
            self.stderr.write(f"{email} chooses a password at {link(owner)}")
