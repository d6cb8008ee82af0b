"""Whose word about a client is taken, and what counts as one place."""

from __future__ import annotations

import pytest

from gsmgw.http.origins import Proxies, network_key, networks_of
from gsmgw.http.unauthenticated import UnauthenticatedConnections

PROXIES = Proxies(networks_of(["127.0.0.1", "10.0.0.0/8", "fd00::/8"]))


@pytest.mark.parametrize(
    ("peer", "forwarded", "client"),
    [
        ("127.0.0.1", ["203.0.113.7"], "203.0.113.7"),
        ("127.0.0.1", ["198.51.100.1, 203.0.113.7"], "203.0.113.7"),  # the client wrote the first one itself
        ("127.0.0.1", ["198.51.100.1", "203.0.113.7, 10.1.2.3"], "203.0.113.7"),
        ("127.0.0.1", ["10.9.9.9, 10.1.2.3"], "10.9.9.9"),
        ("127.0.0.1", ["203.0.113.7:4711"], "203.0.113.7"),
        ("fd00::1", ["[2001:db8::5]:4711"], "2001:db8::5"),
        ("::ffff:127.0.0.1", ["2001:db8::5"], "2001:db8::5"),
        ("127.0.0.1", ["203.0.113.7, unknown"], "127.0.0.1"),
        ("127.0.0.1", ["203.0.113.7, unknown, 10.1.2.3"], "10.1.2.3"),
        ("127.0.0.1", [], "127.0.0.1"),
        ("127.0.0.1", [""], "127.0.0.1"),
        ("203.0.113.7", ["198.51.100.1"], "203.0.113.7"),  # no proxy of ours
    ],
)
def test_the_client_behind_proxies(peer: str, forwarded: list[str], client: str) -> None:
    headers = [(b"x-forwarded-for", value.encode()) for value in forwarded]
    scope = {"client": (peer, 1), "headers": headers}
    PROXIES.find_client(scope)
    assert scope["client"][0] == client


def test_nobody_is_trusted_by_default() -> None:
    scope = {"client": ("127.0.0.1", 1), "headers": [(b"x-forwarded-for", b"203.0.113.7")]}
    Proxies().find_client(scope)
    assert scope["client"] == ("127.0.0.1", 1)


def test_what_counts_as_one_place() -> None:
    assert network_key("2001:db8:1:2::5") == network_key("2001:db8:1:2:ffff::1") != network_key("2001:db8:1:3::5")
    assert network_key("::ffff:192.0.2.1") == network_key("192.0.2.1") != network_key("192.0.2.2")
    assert network_key("fe80::1%eth0") == "fe80::/64"
    assert network_key("user 1000") == "user 1000"


def test_the_oldest_of_a_place_makes_room() -> None:
    closed: list[str] = []
    connections = UnauthenticatedConnections(2, PROXIES)
    for name, address in (("a", "192.0.2.1"), ("b", "192.0.2.1"), ("x", "192.0.2.9"), ("c", "192.0.2.1")):
        connections.add(name, address, lambda name=name: closed.append(name))  # type: ignore[misc]
    assert closed == ["a"]
    connections.discard("b")  # it has shown a token
    connections.discard("b")
    connections.add("d", "192.0.2.1", lambda: closed.append("d"))
    for number in range(5):
        connections.add(number, "10.1.1.1", lambda: closed.append("proxy"))
    assert (closed, len(connections)) == (["a"], 3)
    connections.add("e", "192.0.2.1", lambda: closed.append("e"))
    assert closed == ["a", "c"]
