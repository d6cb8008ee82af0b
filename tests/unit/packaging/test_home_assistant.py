"""The app for Home Assistant: its configuration from options and broker, and its files."""

from __future__ import annotations

import importlib.util
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from gsmgw.config import parse_config

FOLDER = Path(__file__).parents[3] / "packaging" / "home-assistant"
BROKER = {
    "host": "core-mosquitto",
    "port": 1883,
    "ssl": False,
    "username": "addons",
    "password": 'a"b',
    "protocol": "3.1.1",
}


def load() -> Any:
    spec = importlib.util.spec_from_file_location("home_assistant_run", FOLDER / "run.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_configuration_is_valid_and_has_what_was_given(tmp_path: Path) -> None:
    options = {"country": "de", "base": "gsmgw/home", "notify": [{"name": 'An"na', "to": "+4915112345678"}]}
    text = load().configuration(options, BROKER, "/api/hassio_ingress/abc/", tmp_path)
    config = parse_config(text, "gsmgw.toml")
    assert config.gateway.country == "DE"
    assert config.web.prefix == "/api/hassio_ingress/abc"
    assert config.mqtt.url == "mqtt://core-mosquitto:1883"
    assert [each.name for each in config.mqtt.notify] == ['An"na']
    assert config.mqtt.password_file is not None
    assert config.mqtt.password_file.read_text() == 'a"b\n'
    assert config.mqtt.password_file.stat().st_mode & 0o077 == 0


def test_without_a_broker_there_is_a_gateway(tmp_path: Path) -> None:
    config = parse_config(load().configuration({}, {}, "", tmp_path), "gsmgw.toml")
    assert config.mqtt.url is None
    assert config.web.prefix == ""


def test_a_broker_with_tls(tmp_path: Path) -> None:
    text = load().configuration({}, {**BROKER, "ssl": True, "port": 8883}, "", tmp_path)
    assert tomllib.loads(text)["mqtt"]["url"] == "mqtts://core-mosquitto:8883"


@pytest.mark.parametrize("path", sorted(FOLDER.rglob("*.yaml")), ids=lambda path: path.name)
def test_the_files_are_yaml(path: Path) -> None:
    class Loader(yaml.SafeLoader):
        """Knows the tag of blueprints."""

    Loader.add_constructor("!input", lambda loader, node: f"!input {loader.construct_scalar(node)}")
    assert isinstance(yaml.load(path.read_text(), Loader), dict)


def test_the_app_asks_for_what_it_needs() -> None:
    config = yaml.safe_load((FOLDER / "config.yaml").read_text())
    assert config["ingress"] is True
    assert (config["uart"], config["udev"], config["services"]) == (True, True, ["mqtt:want"])
    assert set(config["options"]) == set(config["schema"])
    for language in ("en", "de"):
        words = yaml.safe_load((FOLDER / "translations" / f"{language}.yaml").read_text())
        assert set(words["configuration"]) == set(config["options"])
