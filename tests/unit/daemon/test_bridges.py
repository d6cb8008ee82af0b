"""Standing bridges: off they cost nothing and hold nothing, without their packages they say which are needed."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from support.rig import simulated

MQTT = {"mqtt": {"url": "mqtt://127.0.0.1:9"}}  # nobody listens there


@pytest.mark.parametrize(
    ("name", "sections", "package"),
    [("mqtt", MQTT, "paho"), ("mail", {"mail": {"listen": "127.0.0.1:8725"}}, "aiosmtpd")],
)
async def test_a_gateway_without_the_packages_starts_and_says_which(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, sections: dict[str, Any], package: str
) -> None:
    found = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda each: None if each == package else found(each))
    async with simulated(tmp_path, 1, sections) as (_, rig):
        states = {each["name"]: each for each in (await rig.client.integrations())["bridges"]}
        assert states[name]["enabled"] is True
        assert states[name]["trouble"] == f'needs more packages: pip install "gsmgw[{name}]"'
        assert name not in rig.gateway.bridges.standing


async def test_a_bridge_that_is_off_has_no_trouble(tmp_path: Path) -> None:
    async with simulated(tmp_path, 0) as (_, rig):
        for state in (await rig.client.integrations())["bridges"]:
            assert (state["enabled"], state["trouble"], state["behind"], state["dropped"]) == (False, None, None, None)


def test_a_bridge_that_is_off_is_not_imported() -> None:
    code = (
        "import sys; from gsmgw.config import Config; from gsmgw.daemon import Gateway; Gateway(Config()); "
        "print([name for name in sys.modules if name.startswith(('gsmgw.bridges.mqtt', 'gsmgw.bridges.smpp', "
        "'gsmgw.bridges.email'))])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == "[]"
