"""gsmgw doctor at the hub of a fleet, and at gateways whose fleet does not work."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import pytest
from support.rig import make_config, running

from gsmgw.client import Client
from gsmgw.config import Config
from gsmgw.daemon import bridges
from gsmgw.doctor import examination
from gsmgw.doctor.findings import Finding


class Hub:
    """A client of a hub with these nodes."""

    def __init__(self, *nodes: dict[str, Any], hub: bool = True) -> None:
        self._fleet = {"hub": hub, "nodes": list(nodes)}

    def integrations(self) -> Any:
        return {"bridges": [{"name": "fleet", "enabled": True, "trouble": None, "dropped": 0}]}

    def fleet(self) -> Any:
        return self._fleet


def node(name: str, *modems: str, silent: bool = False, heard: str | None = "2026-11-28T09:01:38.222Z") -> Any:
    named = [{"name": f"{name}/{modem}"} for modem in modems]
    return {"name": name, "silent": silent, "heard_at": heard, "waiting": 3, "modems": named}


def findings(client: Hub, **sections: Any) -> list[Finding]:
    config = Config.model_validate({"fleet": {"url": "nats://hub:4222", "hub": True}, **sections})
    return list(examination._check_bridges(cast("Client", client), config))


def test_nodes() -> None:
    found = findings(
        Hub(node("ulm", "m0"), node("bonn"), node("kiel", "m0", silent=True), node("jena", silent=True, heard=None))
    )
    by_subject = {each.subject: each for each in found}
    assert by_subject["node ulm"].level == "ok"
    assert "it has no modems" in by_subject["node bonn"].says
    assert "silent since 2026-11-28T09:01:38.222Z; messages that wait for it: 3" in by_subject["node kiel"].says
    assert "gsmgw fleet move kiel" in (by_subject["node kiel"].cure or "")
    assert "not heard of since the start" in by_subject["node jena"].says
    assert "gsmgw fleet add" in (findings(Hub())[-1].cure or "")
    assert [each.subject for each in findings(Hub(hub=False))] == ["bridge fleet"]


def test_names_of_modems_that_no_node_has() -> None:
    sections = {
        "pool": [{"name": "south", "modems": ["ulm/m0", "ulm/m1"]}],
        "route": [{"prefix": "+49", "modem": "bonn/m0"}],
    }
    found = [each.says for each in findings(Hub(node("ulm", "m0")), **sections) if each.subject == "fleet"]
    assert [each.split("'")[1] for each in found] == ["bonn/m0", "ulm/m1"]


async def trouble(directory: Path, **section: Any) -> str:
    settings = {"fleet": {"url": "nats://127.0.0.1:9", "node": "ulm", **section}}
    async with running(make_config(directory, {}, settings)) as rig:
        bridge: Any = rig.gateway.bridges.standing.get("fleet")
        if bridge is not None:
            await rig.until(lambda: bridge.trouble != "not connected yet")
        (state,) = [each for each in (await rig.client.integrations())["bridges"] if each["name"] == "fleet"]
        return str(state["trouble"])


async def test_why_there_is_no_connection(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert await trouble(tmp_path)
    assert await trouble(tmp_path, credentials=tmp_path / "none.json") == (
        f"credentials: {tmp_path}/none.json: No such file or directory"
    )
    monkeypatch.setattr(bridges.importlib.util, "find_spec", lambda name: None)
    assert 'pip install "gsmgw[fleet]"' in await trouble(tmp_path)
