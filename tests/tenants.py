"""Tenants and people for tests of pages; made in the platform's context."""

from django.test import Client as Browser

from accounts.models import Account
from clients import tenancy
from clients.models import Client, Membership, Reseller, User

PASSWORD = "long enough for a test"


def make_reseller(name: str, parent: Reseller | None = None) -> Reseller:
    with tenancy.writing(tenancy.PLATFORM):
        return Reseller.objects.create(name=name, reference=name.upper(), parent=parent, shard=0)


def make_clients(reseller: Reseller, *names: str, account: bool = True) -> list[Client]:
    with tenancy.writing(tenancy.PLATFORM):
        made = Client.objects.bulk_create(
            Client(name=name, reference=name.upper(), reseller=reseller) for name in names
        )
        if account:
            Account.objects.bulk_create(
                Account(client=client, reseller=reseller, name="Main trunk") for client in made
            )
    return made


def make_user(
    reseller: Reseller, role: str = "owner", client: Client | None = None, *, name: str = ""
) -> User:
    with tenancy.writing(tenancy.PLATFORM):
        user = User.objects.create_user(f"{role}.{User.objects.count()}@example.com", PASSWORD)
        user.name = name
        user.save()
        Membership.objects.create(user=user, reseller=reseller, role=role, client=client)
    return user


def browser_of(user: User) -> Browser:
    browser = Browser()
    browser.force_login(user)
    return browser
