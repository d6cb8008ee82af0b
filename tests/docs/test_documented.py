"""Everything that a user can see is documented: settings, routes, problems, events and commands."""

from __future__ import annotations

import inspect
import re
from dataclasses import fields
from pathlib import Path
from typing import cast

import click
import pytest
from pydantic import BaseModel

from gsmgw.api import ROUTERS
from gsmgw.bridges import BRIDGES, Bridge, BridgeContext
from gsmgw.cli import main
from gsmgw.config import Config
from gsmgw.config.explaining import section_of
from gsmgw.config.meanings import MEANINGS
from gsmgw.model import EventType, WaitReason, events
from gsmgw.wire.problems import PROBLEMS

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"


def text_of(name: str) -> str:
    return (DOCS / name).read_text(encoding="utf-8")


def settings(model: type[BaseModel], path: str = "") -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for name, field in model.model_fields.items():
        inner = section_of(field.annotation)
        if inner is not None and name != "match":
            found += settings(inner, name)
        else:
            found.append((path, name))
    return found


@pytest.mark.parametrize(("section", "key"), settings(Config))
def test_every_setting(section: str, key: str) -> None:
    heading = re.compile(rf"^## \[+(modem\.|mqtt\.)?{section}\]+$(.*?)(?=^## |\Z)", re.MULTILINE | re.DOTALL)
    found = heading.search(text_of("reference/configuration.md"))
    assert found, f"no section [{section}]"
    assert f"| `{key}` |" in found[2]


@pytest.mark.parametrize(("section", "key"), settings(Config))
def test_the_meaning_of_every_setting(section: str, key: str) -> None:
    """The dashboard describes a setting in the words of the reference."""
    heading = re.compile(rf"^## \[+(modem\.|mqtt\.)?{section}\]+$(.*?)(?=^## |\Z)", re.MULTILINE | re.DOTALL)
    found = heading.search(text_of("reference/configuration.md"))
    assert found
    row = re.search(rf"^\| `{key}` \|.*\| (.*) \|$", found[2], re.MULTILINE)
    assert row
    assert MEANINGS[f"{section}.{key}"] == re.sub(r"\[([^\]]+)\]\([^)]*\)", r"\1", row[1])


def routes() -> list[str]:
    found = []
    for router in ROUTERS:
        for route in router.routes:
            found += [f"{method} {route.path}" for method in sorted(route.methods)]
    return found


@pytest.mark.parametrize("route", routes())
def test_every_route(route: str) -> None:
    assert f"`{route}`" in text_of("reference/api.md")


@pytest.mark.parametrize("bridge", BRIDGES, ids=lambda bridge: bridge.name)
def test_every_bridge(bridge: Bridge) -> None:
    page = text_of("reference/compat.md")
    for route in bridge.make_router(cast(BridgeContext, None)).routes:
        fixed = [part for part in route.path.split("/") if part and "{" not in part]
        missing = [part for part in fixed if part.removesuffix("s") not in page]  # message and messages are the same
        assert not missing, route.path


@pytest.mark.parametrize("code", PROBLEMS)
def test_every_problem(code: str) -> None:
    assert f"| `{code}` | {PROBLEMS[code][0]} |" in text_of("reference/problems.md")


@pytest.mark.parametrize("type", EventType)
def test_every_event(type: EventType) -> None:
    """With the keys of its data."""
    (row,) = [line for line in text_of("reference/api.md").splitlines() if line.startswith(f"| `{type.value}` |")]
    assert {f"`{key}`" for key in keys_of(type)} <= set(re.findall(r"`[a-z_]+`", row))


def keys_of(type: EventType) -> set[str]:
    """The keys that the data of an event of that type can have."""
    kinds = [kind for _, kind in inspect.getmembers(events, inspect.isclass) if getattr(kind, "type", None) is type]
    return {field.name.removesuffix("_") for kind in kinds for field in fields(kind)}


def test_every_waiting_reason() -> None:
    page = text_of("reference/api.md")
    assert not [reason for reason in WaitReason if f"| `{reason.value}` |" not in page]


def commands(group: click.Group, path: str = "gsmgw") -> list[str]:
    found = []
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        found.append(f"{path} {name}")
        if isinstance(command, click.Group):
            found += commands(command, f"{path} {name}")
    return found


@pytest.mark.parametrize("command", commands(main))
def test_every_command(command: str) -> None:
    assert f"`{command}" in text_of("reference/commands.md")


@pytest.mark.parametrize(
    "page", [*DOCS.rglob("*.md"), ROOT / "README.md"], ids=lambda page: str(page.relative_to(ROOT))
)
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
        if "://" not in target:
            assert (page.parent / target).exists(), f"{page.name} links to {target}"
