"""A database that was emptied, went back or was taken away is told: in the log, as an event, in the status."""

from __future__ import annotations

import logging
import shutil
from pathlib import Path

import pytest
from support.rig import Rig, make_config, running

from gsmgw.backup import restore, write_backup

FILES = ("gsmgw.db", "gsmgw.db-wal", "gsmgw.db-shm")


async def texts(rig: Rig, count: int) -> None:
    for number in range(count):
        await rig.client.send("+4915112345671", f"text {number}")


async def lost(rig: Rig) -> list[dict[str, object]]:
    events = []
    async for event in rig.client.events(0, timeout_s=1.0):
        events.append(event)
        if event["id"] >= (await rig.client.stats())["last_event"]:
            break
    return [event for event in events if event["type"] == "database.lost"]


async def lived(directory: Path, count: int = 3) -> int:
    async with running(make_config(directory, {})) as rig:
        await texts(rig, count)
        assert (await rig.client.stats())["database_loss"] is None
        return int((await rig.client.stats())["last_event"])


@pytest.mark.parametrize("how", ["deleted", "emptied"])
async def test_an_emptied_database_is_told(tmp_path: Path, how: str, caplog: pytest.LogCaptureFixture) -> None:
    last = await lived(tmp_path)
    for name in FILES:
        (tmp_path / "state" / name).unlink(missing_ok=True)
    if how == "emptied":
        (tmp_path / "state" / "gsmgw.db").touch()
    async with running(make_config(tmp_path, {})) as rig:
        assert "a new one is used" in (await rig.client.stats())["database_loss"]
        (event,) = await lost(rig)
        assert (event["data"]["expected"], event["data"]["found"]) == (last, 0)  # type: ignore[index]
        assert event["id"] == last + 1, "numbers of lost events are not given again"
        await texts(rig, 1)
    assert [record for record in caplog.records if record.levelno == logging.ERROR and "was lost" in record.message]
    async with running(make_config(tmp_path, {})) as rig:
        assert (await rig.client.stats())["database_loss"] is None


async def test_a_lost_write_ahead_log_is_told(tmp_path: Path) -> None:
    config, state = make_config(tmp_path, {}), tmp_path / "state"
    async with running(config) as rig:
        await texts(rig, 1)
    async with running(config) as rig:
        before = (await rig.client.stats())["last_event"]
        await texts(rig, 5)
        await rig.gateway.guard.look(rig.gateway.store)
        last = (await rig.client.stats())["last_event"]
        for name in ("gsmgw.db", "gsmgw.mark"):  # as after a power cut, but for the log
            shutil.copy(state / name, tmp_path / name)
    for name in FILES:
        (state / name).unlink(missing_ok=True)
    for name in ("gsmgw.db", "gsmgw.mark"):
        shutil.copy(tmp_path / name, state / name)
    async with running(config) as rig:
        assert f"went back from event {last} to {before}" in (await rig.client.stats())["database_loss"]
        assert (await lost(rig))[0]["id"] == last + 1


@pytest.mark.parametrize("name", ["gsmgw.db", "gsmgw.db-wal"])
async def test_a_database_that_is_taken_away_is_told(tmp_path: Path, name: str) -> None:
    async with running(make_config(tmp_path, {})) as rig:
        await texts(rig, 1)
        await rig.gateway.guard.look(rig.gateway.store)
        assert (await rig.client.stats())["database_ok"]
        (tmp_path / "state" / name).rename(tmp_path / "elsewhere")
        await rig.gateway.guard.look(rig.gateway.store)
        assert not (await rig.client.stats())["database_ok"]
        assert "deleted or replaced" in str((await lost(rig))[0]["data"])


async def test_a_restored_backup_goes_back_on_purpose(tmp_path: Path) -> None:
    await lived(tmp_path)
    backup = tmp_path / "b.tar.gz"
    write_backup(tmp_path / "state" / "gsmgw.db", None, backup)
    await lived(tmp_path)
    restore(backup, tmp_path / "gsmgw.toml", state_dir=tmp_path / "state", force=True)
    async with running(make_config(tmp_path, {})) as rig:
        assert (await rig.client.stats())["database_loss"] is None


async def test_a_mark_that_cannot_be_read_keeps_nothing_from_starting(tmp_path: Path) -> None:
    await lived(tmp_path)
    (tmp_path / "state" / "gsmgw.mark").write_bytes(b"\xff{")
    async with running(make_config(tmp_path, {})) as rig:
        assert (await rig.client.stats())["database_loss"] is None
