"""[fleet]: addresses that are valid, and words for those that are not."""

from __future__ import annotations

import json

import pytest

from gsmgw.config import parse_config
from gsmgw.config.fleet import FleetSection
from gsmgw.errors import ConfigError


@pytest.mark.parametrize(
    "url",
    [
        "nats://127.0.0.1:4222",
        "tls://hub.example.org:4222",
        "ws://hub.example.org:8080",
        "wss://hub.example.org",
        ["wss://n1.example.org", "wss://n2.example.org"],
        ["nats://10.0.0.1:4222", "tls://n2.example.org:4222"],
    ],
)
def test_addresses(url: str | list[str]) -> None:
    section = FleetSection.model_validate({"url": url, "node": "ulm"})
    assert section.servers == ([url] if isinstance(url, str) else url)


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("hub.example.org", 'must be "nats://host:4222" or "ws://host:80"'),
        ("https://hub.example.org", 'or "tls://host:4222" or "wss://host:443" for TLS'),
        ("wss://hub.example.org/nats", "must be"),
        ("wss://ulm:secret@hub.example.org", "must not contain a user name or password: use credentials"),
        (["tls://n1.example.org:4222", "wss://n2.example.org"], "all servers with ws:// or wss://, or none of them"),
        ([], "must name at least one server"),
    ],
)
def test_what_is_not_valid(url: str | list[str], said: str) -> None:
    with pytest.raises(ConfigError) as refused:
        parse_config(f'[fleet]\nurl = {json.dumps(url)}\nnode = "ulm"')
    assert said in str(refused.value)
