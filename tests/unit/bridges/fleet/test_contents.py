"""Messages between gateways of a fleet."""

from __future__ import annotations

import json

import pytest

from gsmgw.bridges.fleet.contents import NodeModem, NodeState, node_payload, read_job, read_node
from gsmgw.bridges.fleet.fields import BadContent
from gsmgw.model import ModemState, ModemStatus


def test_a_node_tells_the_state_and_the_weight_of_its_modems() -> None:
    status = ModemStatus("m0", ModemState.READY, "ready", operator="Telekom.de", signal_dbm=-73)
    told = read_node("ulm", node_payload(NodeState("1.0", 4, [NodeModem(status, 1000, 2.5)])))
    (modem,) = told.modems
    assert (told.version, told.queued, modem.paused_until_ms, modem.weight) == ("1.0", 4, 1000, 2.5)
    assert (modem.status.name, modem.status.operator, modem.status.signal_dbm) == ("ulm/m0", "Telekom.de", -73)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"weight": 0}, "weight: '0' is not a number from 0 to 1000"),
        ({"weight": "2"}, "weight: '2' is not a number"),
        ({"state": "asleep"}, "state: 'asleep' is not a valid ModemState"),
        ({"name": 1}, "name: '1' is not a text"),
    ],
)
def test_what_a_node_tells_is_checked(change: dict[str, object], words: str) -> None:
    status = ModemStatus("m0", ModemState.READY, "ready")
    found = json.loads(node_payload(NodeState("1.0", 0, [NodeModem(status)])))
    found["modems"][0] |= change
    with pytest.raises(BadContent, match=words):
        read_node("ulm", json.dumps(found).encode())


@pytest.mark.parametrize(
    ("payload", "words"),
    [
        (b"\xff", "not JSON"),
        (b"[" * 100_000, "not JSON"),
        (b"[]", "not an object"),
        (b"{}", "version None is newer"),
        (b'{"v": 99}', "version 99 is newer than this gateway: update it"),
        (b'{"v": 1, "job": "x"}', "'x' is not the name of a job"),
    ],
)
def test_a_job_that_cannot_be_read_says_why(payload: bytes, words: str) -> None:
    with pytest.raises(BadContent, match=words):
        read_job(payload)
