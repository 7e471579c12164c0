"""An account's address entries, as the store compares them."""

import ipaddress
import re
from dataclasses import dataclass

_ENTRY = re.compile(
    r"(?:(?P<protocol>udp|tcp|tls):)?"
    r"(?:\[(?P<v6>[^\]]+)\]|(?P<v4>[0-9.]+(?:/[0-9]+)?)|(?P<bare6>[0-9a-fA-F:.]+(?:/[0-9]+)?))"
    r"(?::(?P<port>[0-9]+))?",
    re.IGNORECASE,
)


@dataclass(frozen=True, kw_only=True)
class AddressEntry:
    """Where calls come from: a network, and the transport and source port where they count."""

    network: ipaddress.IPv4Network | ipaddress.IPv6Network
    protocol: str = ""
    port: str = ""

    @property
    def packed(self) -> str:
        """``FAMILY/LENGTH/HEX`` of the network."""
        address = self.network.network_address.packed.hex()
        return f"{self.network.version}/{self.network.prefixlen}/{address}"


def parse_entry(text: str) -> AddressEntry:
    """Reads ``192.0.2.1``, ``10.0.0.0/24``, ``2001:db8::/64`` or ``udp:192.0.2.1:5070``.

    ValueError where it is none of them.
    """
    match = _ENTRY.fullmatch(text.strip())
    if match is None:
        raise ValueError(text)
    address = match["v4"] or match["v6"] or match["bare6"]
    network = ipaddress.ip_network(address, strict=False)
    return AddressEntry(
        network=network, protocol=(match["protocol"] or "").lower(), port=match["port"] or ""
    )
