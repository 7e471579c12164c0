"""Secrets of SIP accounts: encrypted at rest, and as the digests a switch compares."""

from hashlib import md5, sha256
from typing import TYPE_CHECKING, Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.db import models

if TYPE_CHECKING:
    _BinaryField = models.BinaryField[str | None, str | None]
else:
    _BinaryField = models.BinaryField


class SecretUnreadable(Exception):
    """A stored secret that none of the keys in ``SIP_SECRET_KEYS`` opens."""


def _fernet() -> MultiFernet:
    return MultiFernet([Fernet(key) for key in settings.SIP_SECRET_KEYS])


class EncryptedField(_BinaryField):
    """Text kept encrypted with the first of ``SIP_SECRET_KEYS``; any of them opens it."""

    def get_prep_value(self, value: str | None) -> Any:
        return None if value is None else _fernet().encrypt(value.encode())

    def get_db_prep_value(self, value: Any, connection: Any, prepared: bool = False) -> Any:
        if not prepared:
            value = self.get_prep_value(value)
        return super().get_db_prep_value(value, connection, prepared=True)

    def from_db_value(self, value: Any, expression: Any, connection: Any) -> str | None:
        if value is None:
            return None
        try:
            return _fernet().decrypt(bytes(value)).decode()
        except InvalidToken:
            raise SecretUnreadable(self.name) from None

    def to_python(self, value: Any) -> Any:
        return value


def ha1(username: str, realm: str, password: str) -> tuple[str, str]:
    """The SIP digest HA1 of RFC 2617 (MD5) and RFC 8760 (SHA-256), as lower-case hex."""
    secret = f"{username}:{realm}:{password}".encode()
    return md5(secret, usedforsecurity=False).hexdigest(), sha256(secret).hexdigest()
