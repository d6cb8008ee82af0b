"""The devices that Home Assistant discovers, held against what its own schemas allow."""

from __future__ import annotations

from typing import Any

import pytest

from gsmgw.bridges.mqtt.discovery import OUTCOMES, device_payloads
from gsmgw.bridges.mqtt.states import OUTCOME, gateway_state, modem_state
from gsmgw.bridges.mqtt.topics import Topics, slug
from gsmgw.model import ModemState, ModemStatus
from gsmgw.model.events import EventType

#: What Home Assistant 2024.12.5 allows (homeassistant/components/mqtt: schemas.py and the DISCOVERY_SCHEMA of each
#: platform), as facts. The payloads were also given to these schemas themselves.
COMMON = {
    "platform", "name", "unique_id", "icon", "entity_category", "enabled_by_default", "entity_picture", "object_id",
    "qos", "encoding", "json_attributes_topic", "json_attributes_template",
}  # fmt: skip
PLATFORMS = {
    "sensor": {
        "state_topic", "value_template", "unit_of_measurement", "state_class", "device_class", "expire_after",
        "force_update", "options", "suggested_display_precision", "last_reset_value_template",
    },
    "binary_sensor": {
        "state_topic", "value_template", "device_class", "payload_on", "payload_off", "off_delay", "expire_after",
        "force_update",
    },
    "event": {"state_topic", "event_types", "value_template", "device_class"},
    "notify": {"command_topic", "command_template", "retain"},
    "button": {"command_topic", "command_template", "payload_press", "device_class", "retain"},
    "switch": {
        "command_topic", "command_template", "state_topic", "value_template", "payload_on", "payload_off", "state_on",
        "state_off", "device_class", "optimistic", "retain",
    },
}  # fmt: skip
NEEDED = {"sensor": "state_topic", "binary_sensor": "state_topic", "event": "event_types", "notify": "command_topic",
          "button": "command_topic", "switch": "command_topic"}  # fmt: skip
DEVICE_CLASSES = {
    "sensor": {"signal_strength", "timestamp", "temperature"},
    "binary_sensor": {"problem", "connectivity"},
    "button": {"restart", "update", "identify"},
}

TOPICS = Topics("gsmgw/shop", "homeassistant")
MODEM = ModemStatus("office.1", ModemState.READY, "ready", manufacturer="HUAWEI", model="E3372", imei="350000000000014")


def payloads(*notify: str) -> dict[str, Any]:
    return dict(device_payloads(TOPICS, "0.1", [MODEM], notify))


def components() -> list[tuple[str, dict[str, Any]]]:
    found = payloads("Anna", "The family")
    return [(key, each) for device in found.values() for key, each in device["components"].items()]


def test_a_device_for_the_gateway_and_one_for_each_modem() -> None:
    found = payloads()
    assert set(found) == {
        "homeassistant/device/gsmgw_shop/config",
        "homeassistant/device/gsmgw_shop_office_1/config",
    }
    modem = found["homeassistant/device/gsmgw_shop_office_1/config"]
    assert modem["device"] == {
        "identifiers": ["gsmgw_shop_office_1"],
        "name": "Modem office.1",
        "via_device": "gsmgw_shop",
        "manufacturer": "HUAWEI",
        "model": "E3372",
        "serial_number": "350000000000014",
    }
    for each in found.values():
        assert set(each) == {
            "device", "origin", "components", "availability_topic", "payload_available", "payload_not_available",
        }  # fmt: skip
        assert each["origin"]["name"] == "gsmgw"


@pytest.mark.parametrize(("key", "component"), components())
def test_a_component_has_what_its_platform_allows(key: str, component: dict[str, Any]) -> None:
    platform = component["platform"]
    assert set(component) <= COMMON | PLATFORMS[platform]
    assert NEEDED[platform] in component
    assert component["unique_id"].endswith(f"_{key}")
    if "device_class" in component:
        assert component["device_class"] in DEVICE_CLASSES[platform]


def test_ids_and_topics_are_unique() -> None:
    found = components()
    ids = [each["unique_id"] for _, each in found]
    assert len(set(ids)) == len(ids)
    commands = [each["command_topic"] for _, each in found if "command_topic" in each]
    assert len(set(commands)) == len(commands)


def test_templates_find_their_values() -> None:
    """Each ``value_json.KEY`` of a template is a key of the state at its topic."""
    states = {
        TOPICS.state: gateway_state({}, None, 0, None, [MODEM]),
        TOPICS.modem_state("office.1"): modem_state(MODEM, []),
    }
    for _, each in components():
        if "value_template" in each:
            key = each["value_template"].partition("value_json.")[2].split()[0].rstrip("}'")
            assert key in states[each["state_topic"]]


def test_every_outcome_is_an_event_type() -> None:
    assert set(OUTCOME) <= {each.value for each in EventType}
    assert set(OUTCOME.values()) == set(OUTCOMES)


def test_a_gateway_without_a_working_modem_has_a_problem() -> None:
    broken = ModemStatus("m", ModemState.LOCKED, "PIN needed")
    assert gateway_state({}, None, 0, None, [broken])["problem"] == "no modem can send"
    assert gateway_state({}, None, 0, "disk full", [MODEM])["problem"] == "disk full"
    assert gateway_state({"queued": 3}, 0, 2, None, [MODEM, broken])["problem"] is None


def test_what_the_tightest_limit_leaves() -> None:
    def use(limit: int, used: int) -> Any:
        return {"owner": "m", "window_s": 60, "unit": "messages", "limit": limit, "used": used}

    assert modem_state(MODEM, [use(100, 10), use(20, 15)])["limit_left"] == 5
    assert modem_state(MODEM, [use(10, 12)])["limit_left"] == 0
    assert modem_state(MODEM, [])["limit_left"] is None


def test_names_become_levels_of_topics() -> None:
    assert [slug(name) for name in ("The Family", "Büro #1/+", "++", "ÄÖ")] == ["the_family", "b_ro_1", "x", "x"]
