"""Where webhooks may go: the policy, address by address, and the connection that goes to what was checked."""

from __future__ import annotations

import ssl
from ipaddress import ip_address
from pathlib import Path

import httpx
import pytest
from support.receiver import receiving
from support.webhooks import working

from gsmgw.config import parse_config
from gsmgw.dispatch.backoff import parse_retry_after
from gsmgw.dispatch.target_policy import METADATA, Policy, TargetRefused, kind_of
from gsmgw.errors import ConfigError
from gsmgw.resolving import Names

TLS = Path(__file__).parents[2] / "support" / "tls" / "receiver.pem"


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("93.184.216.34", "public"),
        ("2606:2800:220:1:248:1893:25c8:1946", "public"),
        ("127.0.0.1", "loopback"),
        ("127.8.8.8", "loopback"),
        ("::1", "loopback"),
        ("::ffff:127.0.0.1", "loopback"),
        ("::127.0.0.1", "loopback"),
        ("10.1.2.3", "private"),
        ("172.31.255.255", "private"),
        ("172.32.0.1", "public"),
        ("192.168.178.20", "private"),
        ("100.64.0.1", "private"),
        ("fd12:3456::1", "private"),
        ("::ffff:10.0.0.1", "private"),
        ("64:ff9b::c0a8:101", "private"),  # 192.168.1.1 behind NAT64
        ("2002:0a00:0001::1", "private"),  # 10.0.0.1 behind 6to4
        ("::ffff:0:10.0.0.1", "private"),  # translated statelessly (RFC 7915)
        ("::ffff:0:127.0.0.1", "loopback"),
        ("::ffff:0:169.254.169.254", "never"),
        ("64:ff9b:1::10.0.0.1", "never"),  # a network's own NAT64 (RFC 8215)
        ("169.254.7.7", "link-local"),
        ("fe80::1", "link-local"),
        ("169.254.169.254", "never"),
        ("::ffff:169.254.169.254", "never"),
        ("fd00:ec2::254", "never"),
        ("fd20:ce::254", "never"),
        ("100.100.100.200", "never"),
        ("168.63.129.16", "never"),
        ("0.0.0.0", "never"),
        ("::", "never"),
        ("224.0.0.1", "never"),
        ("ff02::1", "never"),
        ("255.255.255.255", "never"),
        ("240.0.0.1", "never"),
        ("192.0.2.1", "never"),
    ],
)
def test_kinds_of_address(text: str, kind: str) -> None:
    assert kind_of(ip_address(text)) == kind


@pytest.mark.parametrize(
    ("url", "allow"),
    [
        ("http://example.org/x", []),
        ("https://127.0.0.1/x", ["http"]),
        ("https://[::1]/x", ["private"]),
        ("https://192.168.1.9/x", ["192.168.2.0/24"]),
        ("https://10.0.0.1/x", ["loopback", "link-local"]),
        ("https://user:secret@example.org/x", ["http", "loopback", "private", "link-local"]),
        ("ftp://example.org/x", ["http"]),
        ("https:///x", ["http"]),
        ("https://example.org/a b", ["http"]),
        ("https://exa\tmple.org/", ["http"]),
        ("https://metadata.google.internal/", ["http", "private", "link-local"]),
        ("https://" + "x" * 2000, []),
        ("https://example.org:99999999/", []),
        ("", []),
    ],
)
def test_refused(url: str, allow: list[str]) -> None:
    with pytest.raises(TargetRefused):
        Policy(allow).check_url(url)


@pytest.mark.parametrize("address", sorted(map(str, METADATA)))
def test_no_policy_allows_metadata(address: str) -> None:
    host = f"[{address}]" if ":" in address else address
    with pytest.raises(TargetRefused):
        Policy(["http", "private", "link-local", "loopback", "0.0.0.0/0", "::/0"]).check_url(f"http://{host}/latest")


@pytest.mark.parametrize(
    ("url", "allow"),
    [
        ("https://example.org:8443/x?y=z", []),
        ("http://example.org/x", ["http"]),
        ("http://127.0.0.1:8080", ["http", "loopback"]),
        ("https://192.168.1.9/x", ["192.168.1.0/24"]),
        ("https://192.168.1.9/x", ["private"]),
        ("https://[fd12::9]/x", ["fd12::/16"]),
    ],
)
def test_allowed(url: str, allow: list[str]) -> None:
    assert str(Policy(allow).check_url(url)).startswith(url)


async def test_each_address_of_a_name_counts() -> None:
    async def both(host: str, port: int) -> list[str]:
        return ["93.184.216.34", "10.0.0.1"]

    with pytest.raises(TargetRefused, match=r"10\.0\.0\.1"):
        await Policy().addresses(httpx.URL("https://example.org"), both)
    assert await Policy(["private"]).addresses(httpx.URL("https://example.org"), both) == ["93.184.216.34", "10.0.0.1"]


async def test_odd_spellings_of_addresses_are_resolved_before_they_are_judged() -> None:
    for host in ("2130706433", "0x7f000001", "127.1", "localhost"):
        with pytest.raises((TargetRefused, OSError)):
            await Policy(["http"]).addresses(httpx.URL(f"http://{host}/"), Names().resolve)


async def test_a_name_that_changes_its_meaning_is_looked_at_each_time(tmp_path: Path) -> None:
    answers = ["127.0.0.1", "10.0.0.1", "127.0.0.1"]

    async def rebinding(host: str, port: int) -> list[str]:
        assert host == "receiver.example"
        return [answers.pop(0)]

    async with receiving() as receiver, working(tmp_path, rebinding) as house:
        hook = await house.add(f"http://receiver.example:{receiver.port}/hook?a=b#c")
        await house.note("a.b")
        await house.delivered(hook, 1)  # the one resolution was enough: the connection asked nobody again
        assert receiver.requests[0].headers["host"] == f"receiver.example:{receiver.port}"
        assert receiver.requests[0].path == "/hook?a=b"
        await house.note("a.b")
        refused = await house.tried(hook, 1, 1)
        assert refused.tries[0]["error"].startswith("target not allowed: 10.0.0.1")
        await house.wait_for(refused)
        await house.delivered(hook, 2)
        assert not answers


async def test_the_next_address_is_tried_when_one_does_not_answer(tmp_path: Path) -> None:
    async def two(host: str, port: int) -> list[str]:
        return ["127.0.0.2", "127.0.0.1"]

    async with receiving() as receiver, working(tmp_path, two) as house:
        hook = await house.add(f"http://receiver.example:{receiver.port}/")
        await house.note("a.b")
        await house.delivered(hook, 1)


@pytest.mark.parametrize(("name", "good"), [("receiver.example", True), ("other.example", False)])
async def test_tls_is_checked_against_the_name_not_the_address(tmp_path: Path, name: str, good: bool) -> None:
    async def here(host: str, port: int) -> list[str]:
        return ["127.0.0.1"]

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(TLS)
    async with (
        receiving(tls=context) as receiver,
        working(tmp_path, here, allow=["loopback"], ca_file=TLS) as house,
    ):
        hook = await house.add(f"https://{name}:{receiver.port}/")
        await house.note("a.b")
        delivery = await house.tried(hook, 1)
        assert (delivery.state == "delivered") is good
        assert good or "certificate" in delivery.tries[0]["error"].lower()
        assert len(receiver.requests) == good


async def test_a_ca_file_that_is_none_is_said_at_the_start(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="ca_file"):
        async with working(tmp_path, ca_file=tmp_path / "missing.pem"):
            pass


def test_the_policy_in_the_configuration() -> None:
    text = '[webhooks]\nallow = ["http", "private", "10.9.0.0/16", "fd00::/8"]\n'
    assert parse_config(text).webhooks.allow == ["http", "private", "10.9.0.0/16", "fd00::/8"]
    with pytest.raises(ConfigError, match="line 2"):
        parse_config('[webhooks]\nallow = ["everything"]\n')


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (None, None), ("", None), ("120", 120.0), (" 7 ", 7.0), ("-5", None), ("1.5", None), ("later", None),
        ("Tue, 14 Nov 2023 22:14:20 GMT", 60.0), ("Tue, 14 Nov 2023 22:00:00 GMT", 0.0), ("٣", None),
        ("Tue, 99 Nov 2023 22:00:00 GMT", None),
    ],
)  # fmt: skip
def test_retry_after(value: str | None, seconds: float | None) -> None:
    assert parse_retry_after(value, 1_700_000_000_000) == seconds
