"""The recipes of the guides: the Python client's page, the automatic answer, the alarms and the dashboard."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from support.processes import Site, site, until

from gsmgw.client import AsyncClient, Client

DOCS = Path(__file__).parents[2] / "docs"
EXAMPLES = DOCS / "examples"
ANNA = "+4915112345671"


def public(kind: type) -> set[str]:
    return {name for name in dir(kind) if not name.startswith("_") and name not in ("do", "close")}


def test_each_method_of_the_client_is_described() -> None:
    page = (DOCS / "reference" / "client.md").read_text()
    described = set(re.findall(r"^\| `(\w+)\(", page, re.MULTILINE))
    assert described == public(Client)
    assert public(AsyncClient) == public(Client)


def metrics() -> set[str]:
    return set(re.findall(r"`((?:gsmgw|process)_\w+)`", (DOCS / "reference" / "metrics.md").read_text()))


def used(text: str) -> set[str]:
    return set(re.findall(r"\b(?:gsmgw|process)_\w+", text))


def test_the_alarms_use_metrics_that_exist() -> None:
    (group,) = yaml.safe_load((EXAMPLES / "alerts.yml").read_text())["groups"]
    assert used(" ".join(rule["expr"] for rule in group["rules"])) <= metrics()
    guide = (DOCS / "guides" / "monitoring.md").read_text()
    for rule in group["rules"]:
        assert {"summary", "action"} <= rule["annotations"].keys()
        assert f"| `{rule['alert']}` |" in guide
    assert f"SUCCESS: {len(group['rules'])} rules found" in guide


@pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool is not installed: apt install prometheus")
def test_the_alarms_are_valid_for_prometheus() -> None:
    subprocess.run(["promtool", "check", "rules", str(EXAMPLES / "alerts.yml")], check=True)


def test_the_dashboard_uses_metrics_that_exist() -> None:
    panels = json.loads((EXAMPLES / "grafana.json").read_text())["panels"]
    found = used(" ".join(target["expr"] for panel in panels for target in panel["targets"]))
    assert found <= metrics()
    assert len({panel["id"] for panel in panels}) == len(panels)


def test_the_container_installs_what_the_lock_names() -> None:
    text = (EXAMPLES / "Containerfile").read_text()
    (expression,) = re.findall(r"sed -n '([^']+)'", text)
    lock = DOCS.parent / "packaging" / "constraints.txt"
    said = subprocess.run(["sed", "-n", expression, str(lock)], capture_output=True, text=True, check=True).stdout
    assert re.fullmatch(r"(?:[a-z0-9-]+==[^ \\\n]+\n)+", said)


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Site]:
    program = tmp_path / "auto-reply"
    # A hook finds the command in PATH; here it is that of these sources.
    environment = f'export PATH="{Path(sys.executable).parent}:$PATH"'
    program.write_text((EXAMPLES / "auto-reply.sh").read_text().replace("set -eu\n", f"set -eu\n{environment}\n", 1))
    program.chmod(0o755)
    hook = f'\n[[hook]]\nname = "auto-reply"\nevents = ["message.received"]\ncommand = ["{program}"]\n'
    with site(tmp_path, modems=1, gateway=hook) as found:
        yield found


def test_the_automatic_answer_keeps_its_rules(place: Site) -> None:
    with place.start() as client:
        until(lambda: client.modems()[0]["state"] == "ready")

        def text(number: str, words: str) -> None:
            before = sum(1 for _ in client.messages(direction="inbound"))
            command = [sys.executable, "-m", "hw_sim", "send", "--control", str(place.control)]
            subprocess.run([*command, "--from", number, "--to", "modem0", words], check=True, capture_output=True)
            until(lambda: sum(1 for _ in client.messages(direction="inbound")) > before)

        def answers() -> list[str]:
            return [message["text"] or "" for message in client.messages(direction="outbound")]

        text("12345", "hours")
        text(ANNA, "what are your prices?")
        text(ANNA, " Hours, please!")
        until(lambda: len(answers()) == 1)
        assert "11:00 to 22:00" in answers()[0]
        for count in (2, 3):
            text(ANNA, "MENU")
            until(lambda wanted=count: len(answers()) == wanted)
        text(ANNA, "menu")
        text("+4915112345672", "menu")
        until(lambda: len(answers()) == 4)
        assert [message["to"] for message in client.messages(direction="outbound")].count(ANNA) == 3
