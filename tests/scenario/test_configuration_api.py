"""The settings in effect and the integrations, as the API shows them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from support.rig import Rig, make_config, running

from gsmgw.client import ApiError, AsyncClient
from gsmgw.config import load_config
from gsmgw.daemon.configuration import configuration

FILE = """[gateway]
country = "DE"
state_dir = "/var/lib/gsmgw"

[[modem]]
name = "office"
port = "/dev/ttyUSB2"
pin = "1234"

[modem.limits]
per_day = 100

[[route]]
prefix = "+49"
modem = "office"
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "gsmgw.toml"
    path.write_text(FILE)
    return path


def by_key(found: Any) -> dict[str, Any]:
    return {each["key"]: each for each in found["settings"]}


def test_each_setting_has_its_source_and_meaning(file: Path) -> None:
    found = configuration(load_config(file), file, None)
    settings = by_key(found)
    country = settings["gateway.country"]
    assert (country["value"], country["source"], country["line"], country["live"]) == ("DE", "file", 2, True)
    assert country["meaning"].startswith("Country of numbers")
    assert settings["gateway.state_dir"]["live"] is False
    assert (settings["gateway.log_level"]["source"], settings["gateway.log_level"]["line"]) == ("default", None)
    assert (settings["modem.office.pin"]["value"], settings["modem.office.pin"]["line"]) == ("****", 8)
    limit = settings["modem.office.limits.per_day"]
    assert (limit["value"], limit["line"], limit["live"]) == (100, 11, True)
    assert settings["route.1.prefix"]["line"] == 14
    assert (found["file"], found["pending"], found["problem"]) == (str(file), [], None)
    assert "1234" not in str(found).replace(str(file), "")
    assert all(each["meaning"] for each in found["settings"])


def test_what_waits_in_the_file(file: Path) -> None:
    running = load_config(file)
    file.write_text(FILE.replace('"DE"', '"AT"').replace("ttyUSB2", "ttyUSB3"))
    found = configuration(running, file, None)
    assert found["pending"] == ["gateway.country", "modem.office.port"]
    assert by_key(found)["gateway.country"]["value"] == "DE"
    file.write_text(FILE.replace("country", "contry"))
    found = configuration(running, file, None)
    assert "contry" in str(found["problem"])
    assert found["pending"] == []
    file.unlink()
    assert configuration(running, file, None)["problem"]


def test_an_option_goes_before_the_file(file: Path) -> None:
    level = by_key(configuration(load_config(file), file, "debug"))["gateway.log_level"]
    assert (level["value"], level["source"]) == ("debug", "option")


async def refused(rig: Rig, path: str) -> str:
    token = (await rig.client.create_token("reader", ["read"]))["token"]
    async with AsyncClient(rig.client.where, token=token) as reader:
        with pytest.raises(ApiError) as caught:
            await reader.request("GET", path)
    await rig.client.revoke_token("reader")
    return caught.value.code


async def test_only_who_manages_sees_them(tmp_path: Path) -> None:
    hook = {"name": "note", "command": ["/bin/sh", "-c", "exit 3"], "events": ["message.*"]}
    sections = {"hook": [hook], "compat": {"kannel": True}, "api": {"listen": "127.0.0.1:8775"}}
    async with running(make_config(tmp_path, {}, sections)) as rig:
        assert await refused(rig, "/v1/configuration") == "forbidden"
        assert await refused(rig, "/v1/integrations") == "forbidden"
        shown = await rig.client.configuration()
        assert shown["file"] is None
        assert by_key(shown)["gateway.country"]["value"] == "DE"
        found = await rig.client.integrations()
        socket = str(tmp_path / "gsmgw.sock")
        assert found["api"] == {"socket": socket, "listen": "127.0.0.1:8775", "tls": False}
        states = {each["name"]: each["enabled"] for each in found["bridges"]}
        assert states.pop("kannel") is True
        assert states.keys() >= {"smsgate", "twilio", "mqtt", "smpp", "mail"}
        assert not any(states.values())
        assert (found["hooks"][0]["name"], found["hooks"][0]["last_run"]) == ("note", None)
        await rig.client.send("+4915112345678", "Hello")
        await rig.event(0, "hook.failed")
        run = (await rig.client.integrations())["hooks"][0]["last_run"]
        assert run is not None
        assert run["problem"] == "exit code 3"
