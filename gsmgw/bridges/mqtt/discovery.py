"""Device discovery of Home Assistant: a device for the gateway and one for each modem.

https://www.home-assistant.io/integrations/mqtt/#device-discovery-payload
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TypeAlias

from gsmgw.bridges.mqtt.topics import OFF, OFFLINE, ON, ONLINE, PRESS, Topics, slug
from gsmgw.model import ModemStatus

Payload: TypeAlias = dict[str, object]

#: Event types of the entity ``received``.
SMS, MISSED_CALL, USSD = "sms", "missed_call", "ussd"
#: Event types of the entity ``outcome``: the last word of the event of a message.
OUTCOMES = ("sent", "delivered", "undelivered", "failed", "expired", "canceled", "unknown")


def device_payloads(
    topics: Topics, version: str, modems: Iterable[ModemStatus], notify: Iterable[str]
) -> dict[str, Payload]:
    """Return the payload to publish on each discovery topic."""
    found = {topics.device(topics.node): _gateway(topics, version, notify)}
    for modem in modems:
        found[topics.device(f"{topics.node}_{slug(modem.name)}")] = _modem(topics, version, modem)
    return found


def _gateway(topics: Topics, version: str, notify: Iterable[str]) -> Payload:
    node, state = topics.node, topics.state
    components: Payload = {
        "received": {
            "platform": "event",
            "name": "Received",
            "icon": "mdi:message-text",
            "state_topic": topics.received,
            "event_types": [SMS, MISSED_CALL, USSD],
        },
        "outcome": {
            "platform": "event",
            "name": "Outcome",
            "icon": "mdi:message-check",
            "state_topic": topics.outcome,
            "event_types": list(OUTCOMES),
        },
        "queue": _sensor("Waiting texts", state, "queued", icon="mdi:tray-full", state_class="measurement"),
        "oldest": _sensor(
            "Oldest waiting text", state, "oldest_queued_at", device_class="timestamp", entity_category="diagnostic"
        ),
        "sent_today": _sensor(
            "Sent today", state, "sent_today", icon="mdi:message-arrow-right", state_class="total_increasing"
        ),
        "problem": {
            "platform": "binary_sensor",
            "name": "Problem",
            "device_class": "problem",
            "state_topic": state,
            "value_template": _on_off("problem"),
            "json_attributes_topic": state,
        },
    }
    for name in notify:
        components[f"notify_{slug(name)}"] = {
            "platform": "notify",
            "name": f"Text to {name}",
            "icon": "mdi:cellphone-message",
            "command_topic": topics.notify(name),
            "qos": 1,
        }
    device = {"identifiers": [node], "name": f"SMS gateway {topics.base}", "model": "gsmgw", "sw_version": version}
    return _device(topics, version, node, device, components)


def _modem(topics: Topics, version: str, modem: ModemStatus) -> Payload:
    state, node = topics.modem_state(modem.name), f"{topics.node}_{slug(modem.name)}"
    components: Payload = {
        "signal": _sensor(
            "Signal",
            state,
            "signal_dbm",
            device_class="signal_strength",
            unit_of_measurement="dBm",
            state_class="measurement",
            entity_category="diagnostic",
        ),
        "operator": _sensor("Operator", state, "operator", icon="mdi:antenna", entity_category="diagnostic"),
        "state": _sensor("State", state, "state", icon="mdi:sim", json_attributes_topic=state),
        "limit_left": _sensor("Limit left", state, "limit_left", icon="mdi:gauge", state_class="measurement"),
        "credit": _sensor("Credit", state, "credit", icon="mdi:cash", entity_category="diagnostic"),
        "temperature": _sensor(
            "Temperature",
            state,
            "temperature_c",
            device_class="temperature",
            unit_of_measurement="°C",
            state_class="measurement",
            entity_category="diagnostic",
        ),
        "ready": {
            "platform": "binary_sensor",
            "name": "Ready",
            "device_class": "connectivity",
            "state_topic": state,
            "value_template": _on_off("ready"),
        },
        "roaming": {
            "platform": "binary_sensor",
            "name": "Roaming",
            "icon": "mdi:earth",
            "entity_category": "diagnostic",
            "state_topic": state,
            "value_template": _on_off("roaming"),
        },
        "reset": {
            "platform": "button",
            "name": "Restart",
            "device_class": "restart",
            "command_topic": topics.modem_reset(modem.name),
            "payload_press": PRESS,
            "qos": 1,
        },
        "enabled": {
            "platform": "switch",
            "name": "Enabled",
            "icon": "mdi:power",
            "state_topic": state,
            "value_template": _on_off("enabled"),
            "command_topic": topics.modem_enabled(modem.name),
            "payload_on": ON,
            "payload_off": OFF,
            "qos": 1,
        },
    }
    device: Payload = {"identifiers": [node], "name": f"Modem {modem.name}", "via_device": topics.node}
    named = {"manufacturer": modem.manufacturer, "model": modem.model, "sw_version": modem.revision}
    device |= {key: value for key, value in named.items() if value}
    if modem.imei:
        device["serial_number"] = modem.imei
    return _device(topics, version, node, device, components)


def _device(
    topics: Topics, version: str, node: str, device: Mapping[str, object], components: Mapping[str, object]
) -> Payload:
    return {
        "device": device,
        "origin": {"name": "gsmgw", "sw_version": version},
        "availability_topic": topics.status,
        "payload_available": ONLINE,
        "payload_not_available": OFFLINE,
        "components": {
            key: {**component, "unique_id": f"{node}_{key}"}
            for key, component in components.items()
            if isinstance(component, dict)
        },
    }


def _sensor(name: str, topic: str, key: str, **settings: str) -> Payload:
    return {
        "platform": "sensor",
        "name": name,
        "state_topic": topic,
        "value_template": f"{{{{ value_json.{key} }}}}",
        **settings,
    }


def _on_off(key: str) -> str:
    return f"{{{{ '{ON}' if value_json.{key} else '{OFF}' }}}}"
