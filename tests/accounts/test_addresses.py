"""Entries that mean the same are kept as the same text; the rest is refused with its reason."""

import pytest

from accounts.domain.addresses import MOST_ENTRIES, NotAddress, parse_addresses
from calls.store.addresses import parse_entry


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("192.0.2.1", ["192.0.2.1"]),
        ("192.0.2.1/32", ["192.0.2.1"]),
        ("10.0.0.0/24", ["10.0.0.0/24"]),
        ("10.0.0.0/255.255.255.0", ["10.0.0.0/24"]),
        ("2001:DB8::0001", ["2001:db8::1"]),
        ("2001:db8::/48", ["2001:db8::/48"]),
        ("::ffff:192.0.2.1", ["192.0.2.1"]),
        ("udp:192.0.2.1:5070", ["udp:192.0.2.1:5070"]),
        ("UDP:192.0.2.1", ["udp:192.0.2.1"]),
        ("tcp:10.0.0.0/24", ["tcp:10.0.0.0/24"]),
        ("tls:2001:db8::1", ["tls:2001:db8::1"]),
        ("udp:[2001:db8::1]:5070", ["udp:[2001:db8::1]:5070"]),
        ("192.0.2.1; 192.0.2.2;", ["192.0.2.1", "192.0.2.2"]),
        ("192.0.2.1\n192.0.2.1, 192.0.2.3", ["192.0.2.1", "192.0.2.3"]),
        ("", []),
    ],
)
def test_addresses_are_kept_in_one_form_that_the_store_reads(typed, kept):
    assert parse_addresses(typed, transports=True) == kept
    for entry in kept:
        parse_entry(entry)


@pytest.mark.parametrize(
    ("typed", "reason"),
    [
        ("192.0.2", NotAddress.FORM),
        ("192.0.2.256", NotAddress.FORM),
        ("host.example", NotAddress.FORM),
        ("fe80::1%eth0", NotAddress.FORM),
        ("192.0.2.1/33", NotAddress.FORM),
        ("sip:192.0.2.1", NotAddress.FORM),
        ("udp:", NotAddress.FORM),
        ("١٩٢.0.2.1", NotAddress.FORM),
        ("10.0.0.7/24", NotAddress.HOST_BITS),
        ("0.0.0.0/0", NotAddress.WIDE),
        ("2001::/15", NotAddress.HOST_BITS),
        ("2000::/15", NotAddress.WIDE),
        ("0.0.0.0", NotAddress.SPECIAL),
        ("224.0.0.1", NotAddress.SPECIAL),
        ("udp:192.0.2.1:0", NotAddress.PORT),
        ("udp:192.0.2.1:65536", NotAddress.PORT),
        ("udp:192.0.2.1:٥٠٧٠", NotAddress.PORT),
        ("udp:10.0.0.0/24:5060", NotAddress.PORT),
        ("tcp:192.0.2.1:5060", NotAddress.PORT_NOT_UDP),
        (";".join(f"10.0.{i}.1" for i in range(MOST_ENTRIES + 1)), NotAddress.MANY),
    ],
)
def test_a_wrong_address_is_refused_with_its_reason(typed, reason):
    with pytest.raises(NotAddress) as refusal:
        parse_addresses(typed, transports=True)
    assert refusal.value.reason == reason


def test_a_name_account_has_no_transports():
    with pytest.raises(NotAddress) as refusal:
        parse_addresses("udp:192.0.2.1", transports=False)
    assert refusal.value.reason == NotAddress.TRANSPORT
