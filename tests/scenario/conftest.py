"""Fixtures that several of these share."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from support.page import Browser, add_user, signed_in
from support.processes import Site, site, until
from support.rig import Rig, make_config, running

from gsmgw.api.access import passwords


@pytest.fixture(autouse=True)
def cheap_passwords(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hash passwords with a thousandth of the work: hundreds of tests sign in. The real cost has a test of its own."""
    monkeypatch.setattr(passwords, "N", 64)
    monkeypatch.setattr(passwords, "P", 1)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A simulator with one modem and a gateway, as processes of their own, for all tests of a file."""
    with site(tmp_path_factory.mktemp("site"), modems=1) as found:
        with found.start() as client:
            until(lambda: client.modems()[0]["state"] == "ready")
        yield found


@pytest.fixture
async def rig(tmp_path: Path) -> AsyncIterator[Rig]:
    """A gateway without a modem, in this process."""
    async with running(make_config(tmp_path, {})) as found:
        yield found


@pytest.fixture
async def browser(rig: Rig) -> AsyncIterator[Browser]:
    """The dashboard of that gateway, where ann is signed in."""
    await add_user(rig, "ann")
    async with signed_in(rig) as found:
        yield found
