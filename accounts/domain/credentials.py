"""Usernames and passwords that the portal makes and accepts."""

import re
import secrets

# No letters or digits that are taken for one another when read aloud or from paper.
ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"
_CASED = ALPHABET + "ABCDEFGHJKLMNPQRSTUVWXYZ"
SHORTEST_PASSWORD = 12
LONGEST_PASSWORD = 64
LONGEST_ID = 18
_USERNAME = re.compile(r"[a-z0-9][a-z0-9._-]{2,63}")


def generate_username(reference: str) -> str:
    """A username that shows whose it is: THORN01 → thorn01-7k2m."""
    stem = re.sub(r"[^a-z0-9]+", "-", reference.lower()).strip("-")[:24].strip("-") or "trunk"
    return f"{stem}-{_pick(ALPHABET, 4)}"


def generate_password() -> str:
    """16 random characters in groups of four: about 92 bits."""
    return "-".join(_pick(_CASED, 4) for _group in range(4))


def _pick(alphabet: str, count: int) -> str:
    return "".join(secrets.choice(alphabet) for _index in range(count))


def is_username(text: str) -> bool:
    """Whether ``text`` may be a SIP username: small letters, digits, ``.``, ``-``, ``_``.

    Digits only would name the id of an account.
    """
    return _USERNAME.fullmatch(text) is not None and not text.isdigit()


def account_id(text: str) -> int | None:
    """The id that a text names an account by, before any username: digits only."""
    is_id = text.isascii() and text.isdigit() and len(text) <= LONGEST_ID
    return int(text) if is_id else None


def password_fault(password: str, username: str) -> str | None:
    """Why a password is refused (short, long, characters, username), or None when it is good."""
    if len(password) < SHORTEST_PASSWORD:
        return "short"
    if len(password) > LONGEST_PASSWORD:
        return "long"
    if not all("!" <= character <= "~" for character in password):
        return "characters"
    if username and username.lower() in password.lower():
        return "username"
    return None
