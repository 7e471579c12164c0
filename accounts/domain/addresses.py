"""The addresses an account is recognised by, as people write them and as they are kept.

One entry is an address or a network (``192.0.2.1``, ``10.0.0.0/24``, ``2001:db8::/48``), with a
transport in front where that matters (``tcp:192.0.2.1``), and for UDP a source port behind
(``udp:192.0.2.1:5070``, ``udp:[2001:db8::1]:5070``). Kept entries are in one form only, so two that
mean the same are equal.
"""

import re
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

PROTOCOLS = ("udp", "tcp", "tls")
MOST_ENTRIES = 100
# A network wider than these would take in a large part of the internet.
_WIDEST = {4: 8, 6: 16}
_BRACKETED = re.compile(r"\[(.+)\](?::([0-9]+))?")


class NotAddress(ValueError):
    """An entry that is refused; ``reason`` is one of the names below, ``hint`` may help."""

    FORM, PORT, PORT_NOT_UDP, HOST_BITS, WIDE, SPECIAL, TRANSPORT, MANY = (
        "form",
        "port",
        "port-not-udp",
        "host-bits",
        "wide",
        "special",
        "transport",
        "many",
    )

    def __init__(self, reason: str, entry: str, hint: str = "") -> None:
        super().__init__(reason, entry, hint)
        self.reason = reason
        self.entry = entry
        self.hint = hint


def parse_addresses(text: str, *, transports: bool) -> list[str]:
    """The entries of ``text``, separated by ``;``, each once and in its kept form.

    ``transports`` says whether transport and port may be named. Raises NotAddress.
    """
    entries = [part for part in re.split(r"[;,\s]+", text) if part]
    if len(entries) > MOST_ENTRIES:
        raise NotAddress(NotAddress.MANY, entries[MOST_ENTRIES], str(MOST_ENTRIES))
    return list(dict.fromkeys(_kept(entry, transports=transports) for entry in entries))


def _kept(entry: str, *, transports: bool) -> str:
    protocol, colon, rest = entry.lower().partition(":")
    if not colon or protocol not in PROTOCOLS:
        return _network(entry.lower(), entry)
    if not transports:
        raise NotAddress(NotAddress.TRANSPORT, entry)
    port = None
    if match := _BRACKETED.fullmatch(rest):
        rest, port = match.groups()
    elif rest.count(":") == 1:
        rest, port = rest.split(":")
    network = _network(rest, entry)
    if port is None:
        return f"{protocol}:{network}"
    if protocol != "udp":
        raise NotAddress(NotAddress.PORT_NOT_UDP, entry)
    if "/" in network or not (port.isascii() and port.isdecimal()) or not 1 <= int(port) <= 65535:
        raise NotAddress(NotAddress.PORT, entry)
    host = f"[{network}]" if ":" in network else network
    return f"{protocol}:{host}:{int(port)}"


def _network(text: str, entry: str) -> str:
    """The one way to write an address or network; a network of one address is that address."""
    if "%" in text or not text.isascii():
        raise NotAddress(NotAddress.FORM, entry)
    try:
        first = _plain(ip_address(text.split("/", maxsplit=1)[0]))
        network = ip_network(text if "/" in text else first, strict=False)
    except ValueError:
        raise NotAddress(NotAddress.FORM, entry) from None
    if first != network.network_address:
        raise NotAddress(NotAddress.HOST_BITS, entry, str(network))
    if first.is_multicast or (first.is_unspecified and network.num_addresses == 1):
        raise NotAddress(NotAddress.SPECIAL, entry)
    if network.prefixlen < _WIDEST[network.version]:
        raise NotAddress(NotAddress.WIDE, entry, str(_WIDEST[network.version]))
    return str(first) if network.num_addresses == 1 else str(network)


def _plain(address: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    """An IPv4 address that was written as IPv6 is an IPv4 address."""
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address
