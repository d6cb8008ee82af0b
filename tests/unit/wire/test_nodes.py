"""Messages and events of a node's modem name the node; those of this gateway's own modems do not."""

from __future__ import annotations

import json

import pytest

from gsmgw.model import Event, Outgoing, Priority
from gsmgw.model.routes import node_of, to_modem
from gsmgw.wire.events import envelope, event_resource
from gsmgw.wire.messages import accepted_json


@pytest.mark.parametrize(
    ("modem", "node"), [(None, None), ("", None), ("office", None), ("ulm/m0", "ulm"), ("ulm", None)]
)
def test_node_of(modem: str | None, node: str | None) -> None:
    assert node_of(modem) == node


def test_events() -> None:
    own = Event(1, 0, "modem.recovery", None, "office", {})
    of_node = Event(2, 0, "modem.recovery", None, "ulm/m0", {})
    assert "node" not in event_resource(own)
    assert "node" not in envelope(own, None)["data"]
    assert event_resource(of_node)["node"] == "ulm"
    assert envelope(of_node, None)["data"]["node"] == "ulm"


def test_accepted_messages() -> None:
    def accepted(modem: str) -> dict[str, object]:
        message = Outgoing(1, "+4915112345678", "Hello", Priority.NORMAL, 1, 0, route=to_modem(modem))
        return dict(json.loads(accepted_json(message, None)))

    assert (accepted("ulm/m0")["modem"], accepted("ulm/m0")["node"]) == ("ulm/m0", "ulm")
    assert "node" not in accepted("office")
