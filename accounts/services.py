"""Writes of accounts: their row, their credentials, and who was shown a password."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import pghistory
from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from accounts.domain.credentials import generate_password, generate_username, password_fault
from accounts.mail import trunk_details_queue
from accounts.models import Account, Ident
from accounts.secrets import ha1
from accounts.selectors import accounts_for
from clients import outbox, tenancy
from clients.errors import DomainError
from clients.models import Client, User
from clients.services.base import changing, lock, save_version
from clients.tenancy import Scope

USERNAME_TRIES = 20


class SameAddress(DomainError):
    """An address another originator has; ``other`` is that account where it may be seen."""

    def __init__(self, address: str, other: Account | None) -> None:
        words = {"address": address, "name": other, "client": other and other.client}
        message = (
            _(
                "%(address)s belongs to %(name)s of %(client)s, with the same tech prefix: the"
                " switch could not tell them apart."
            )
            if other
            else _("%(address)s is already in use with this tech prefix.")
        )
        super().__init__(message % words, field="ips")
        self.address = address
        self.other = other


def account_insert(
    *, client: Client, at: datetime, scope: Scope, values: Mapping[str, Any]
) -> Account:
    """Add an account inside the caller's transaction, with a password it is not told.

    ``values`` are columns; a Name account without ``sip_username`` gets a generated one, and
    ``password`` may be left out. Raises DomainError at the field that is refused.
    """
    chosen = dict(values)
    password = chosen.pop("password", "") or ""
    account = Account(client=client, reseller_id=client.reseller_id, created_at=at, **chosen)
    if account.ident_by == Ident.NAME:
        typed = account.sip_username or ""
        _refuse_digits_only(typed)
        for _try in range(1 if typed else USERNAME_TRIES):
            account.sip_username = typed or generate_username(client.reference)
            _set_password(account, password or generate_password(), at)
            if _inserted(account):
                break
        else:
            raise DomainError(_("This SIP username is already in use."), field="sip_username")
    else:
        account.sip_username = None
        if not _inserted(account):
            raise _name_taken()
    _refuse_same_address(account, scope)
    outbox.enqueue("policy.client", client_id=client.pk)
    return account


def _inserted(account: Account) -> bool:
    """Whether the account could be stored; False when its username is taken."""
    if Account.objects.filter(client=account.client, name__iexact=account.name).exists():
        raise _name_taken()
    try:
        with transaction.atomic():
            account.save(force_insert=True)
    except IntegrityError:
        account.pk = None
        return False
    return True


def account_create(
    *,
    client_id: int,
    values: Mapping[str, Any],
    send_details: bool = False,
    acting_user: User | None,
    scope: Scope,
    at: datetime,
) -> Account:
    """Add an account to a client; ``send_details`` queues the mail with its trunk details."""
    with changing(scope, acting_user):
        client = Client.objects.get(pk=client_id)
        account = account_insert(client=client, at=at, scope=scope, values=values)
        if send_details:
            trunk_details_queue(account=account, created_by=acting_user, at=at)
    return account


def account_update(
    *,
    account_id: int,
    version: int,
    values: Mapping[str, Any],
    send_details: bool = False,
    acting_user: User | None,
    scope: Scope,
    at: datetime,
) -> Account:
    """Save an account. A blank ``password`` leaves the present one.

    A new username, or a change from IP to Name, needs a password made for it: the present one is
    kept where there is one, else one is generated. Raises Conflict when somebody else has saved the
    account since ``version``, DomainError at the field that is refused.
    """
    with changing(scope, acting_user):
        account = Account.objects.select_related("client").get(pk=account_id)
        chosen = dict(values)
        password = chosen.pop("password", "") or ""
        username = account.sip_username
        for name, value in chosen.items():
            setattr(account, name, value)
        if account.ident_by == Ident.NAME:
            account.sip_username = (
                account.sip_username or username or generate_username(account.client.reference)
            )
            if account.sip_username != username:
                _refuse_digits_only(account.sip_username)
            if password or account.sip_username != username or not account.password:
                _set_password(account, password or account.password or generate_password(), at)
        else:
            account.sip_username = None
            _clear_password(account)
        changed = {name: getattr(account, name) for name in (*chosen, *_SECRET_COLUMNS)}
        others = Account.objects.filter(client_id=account.client_id).exclude(pk=account.pk)
        if others.filter(name__iexact=account.name).exists():
            raise _name_taken()
        try:
            with transaction.atomic():
                save_version(account, version, changed)
        except IntegrityError:
            raise DomainError(
                _("This SIP username is already in use."), field="sip_username"
            ) from None
        account.version = version + 1
        _refuse_same_address(account, scope)
        if send_details:
            trunk_details_queue(account=account, created_by=acting_user, at=at)
        outbox.enqueue("policy.client", client_id=account.client_id)
    return account


def account_password_show(
    *,
    account_id: int,
    acting_user: User,
    scope: Scope,
    at: datetime,  # noqa: ARG001 - every service is told the time
) -> str:
    """The password of an account; the history keeps who looked, and never what was seen."""
    with changing(scope, acting_user):
        account = Account.objects.get(pk=account_id)
        if not account.password:
            raise DomainError(_("This account has no password."))
        pghistory.create_event(account, label="password_shown")
        return str(account.password)


_SECRET_COLUMNS = (
    "sip_username",
    "password",
    "realm",
    "ha1_md5",
    "ha1_sha256",
    "password_changed_at",
)


def password_sentence(fault: str) -> str:
    """Why a password is refused, from ``password_fault``."""
    sentences = {
        "short": _("A password has 12 characters at least."),
        "long": _("A password has 64 characters at most."),
        "characters": _("A password has no spaces and only letters, digits and signs of ASCII."),
        "username": _("A password must not contain the username."),
    }
    return sentences[fault]


def _refuse_digits_only(username: str) -> None:
    if username.isdigit():
        raise DomainError(
            _("A SIP username of digits only would be taken for an account’s id."),
            field="sip_username",
        )


def _set_password(account: Account, password: str, at: datetime) -> None:
    username = account.sip_username or ""
    if fault := password_fault(password, username):
        raise DomainError(password_sentence(fault), field="password")
    account.password = password
    account.realm = settings.SIP_REALM
    account.ha1_md5, account.ha1_sha256 = ha1(username, account.realm, password)
    account.password_changed_at = at


def _clear_password(account: Account) -> None:
    account.password = None
    account.realm = account.ha1_md5 = account.ha1_sha256 = ""
    account.password_changed_at = None


def _refuse_same_address(account: Account, scope: Scope) -> None:
    """Refuse an originator that the switch could not tell from another one, of any tenant."""
    if account.ident_by != Ident.IP or not account.orig_enabled:
        return
    lock("account addresses")
    with tenancy.entered(tenancy.PLATFORM):
        other = (
            Account.objects.filter(
                ident_by=Ident.IP,
                orig_enabled=True,
                tech_prefix=account.tech_prefix,
                ips__overlap=account.ips,
            )
            .exclude(pk=account.pk)
            .only("ips")
            .first()
        )
    if other is None:
        return
    address = next(entry for entry in account.ips if entry in other.ips)
    raise SameAddress(address, accounts_for(scope).filter(pk=other.pk).first())


def _name_taken() -> DomainError:
    return DomainError(_("This client already has an account of this name."), field="name")
