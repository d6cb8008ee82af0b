"""Exec hooks: real programs, run on events of a real database, with the environment that old scripts expect."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from support.events import any_event
from support.rig import simulated
from support.waiting import until

from gsmgw.clock import SystemClock
from gsmgw.config import HookSection, parse_config
from gsmgw.dispatch import EventFeed, Hooks
from gsmgw.dispatch.hook_environment import smsd_variables
from gsmgw.errors import ConfigError
from gsmgw.model import Direction, Event, MessageRecord, Priority, Status
from gsmgw.store import Store, messages

ANNA = "+4915112345671"


class House:
    """A store with hooks at work."""

    def __init__(self, directory: Path, store: Store, feed: EventFeed, hooks: Hooks) -> None:
        self.directory, self.store, self.feed, self.hooks = directory, store, feed, hooks

    async def note(self, *types: str, **data: Any) -> None:
        for type in types:
            await self.store.write(lambda tx, t=type: tx.event(1, any_event(t, **data), None, "office"))  # type: ignore[misc]

    def lines(self) -> list[str]:
        path = self.directory / "out"
        return path.read_text().splitlines() if path.exists() else []

    async def wrote(self, count: int) -> list[str]:
        async def is_so() -> bool:
            return len(self.lines()) >= count

        await until(is_so)
        return self.lines()

    async def idle(self) -> None:
        async def is_so() -> bool:
            return not any(self.hooks.lags().values())

        await until(is_so)

    async def failures(self) -> list[Event]:
        found = await self.store.read(lambda db: messages.events_after(db, 0, 1000))
        return [event for event in found if event.type == "hook.failed"]


@contextlib.asynccontextmanager
async def working(directory: Path, script: str, **fields: Any) -> AsyncIterator[House]:
    program = directory / "program"
    if not program.exists() or program.read_text() != script:
        program.write_text(script)
        program.chmod(0o755)
    settings = {"name": "test", "events": ["call.*"], "command": [str(program), "two words; $HOME"], **fields}
    feed = EventFeed()
    store = await Store.open(directory / "g.db", feed.publish)
    await feed.attach(store)
    hooks = Hooks(store, SystemClock(), feed, [HookSection.model_validate(settings)], directory / "gsmgw.sock")
    try:
        async with asyncio.TaskGroup() as group:
            task = group.create_task(hooks.run())
            await store.write(lambda tx: None)  # its cursor is open
            try:
                yield House(directory, store, feed, hooks)
            finally:
                task.cancel()
    finally:
        await store.close()


def has_ended(pid: int) -> bool:
    stat = Path(f"/proc/{pid}/stat")
    return not stat.exists() or " Z " in stat.read_text()


def sh(directory: Path, body: str) -> str:
    return f"#!/bin/sh\nout={directory}/out\n{body}\n"


async def test_events_come_in_order_on_standard_input(tmp_path: Path) -> None:
    async with working(
        tmp_path, sh(tmp_path, 'cat >> $out; echo >> $out; echo "$1|$GSMGW_EVENT|$PWD" >> $out')
    ) as house:
        await house.note("call.b", "sim.y", "call.c", text="Grüße")
        lines = await house.wrote(4)
        await house.idle()
    bodies = [json.loads(line) for line in lines[::2]]
    assert [(body["type"], body["data"]["id"]) for body in bodies] == [("call.b", 1), ("call.c", 3)]
    assert bodies[0]["data"]["detail"] == {"text": "Grüße"}
    assert lines[1::2] == ["two words; $HOME|call.b|/", "two words; $HOME|call.c|/"]


async def test_a_failure_is_an_event_and_the_next_goes_on(tmp_path: Path) -> None:
    script = sh(
        tmp_path, "echo $GSMGW_EVENT_ID >> $out; echo some >&2; head -c 9000 /dev/zero | tr '\\0' x >&2; exit 7"
    )
    async with working(tmp_path, script, events=["call.*", "hook.*", "*"]) as house:
        await house.note("call.b", "call.c")
        await house.wrote(2)
        await house.idle()
        first, second = await house.failures()
        assert first.data["exit_code"] == 7
        assert first.data["reason"] == "exit code 7"
        assert first.data["stderr"] == "x" * 2000
        assert {first.data["event"], second.data["event"]} == {1, 2} == {int(line) for line in house.lines()}


async def test_one_that_cannot_be_started(tmp_path: Path) -> None:
    async with working(tmp_path, sh(tmp_path, ""), command=["/nowhere/at/all"]) as house:
        await house.note("call.b")
        await house.idle()
        assert "cannot be started: No such file" in (await house.failures())[0].data["reason"]


#: Both do not hear a request to end, and the second is in a process group of its own; the program itself ends at once.
STUBBORN = (
    "trap '' TERM; sh -c 'echo $$ >> OUT; while :; do sleep 0.1; done' & "
    "set -m; sh -c 'echo $$ >> OUT; while :; do sleep 0.1; done' & trap 'exit 0' TERM; wait; wait"
)


@pytest.mark.parametrize("how", ["timeout", "stop"])
async def test_children_that_do_not_hear_a_request_to_end_are_killed(tmp_path: Path, how: str) -> None:
    script = sh(tmp_path, STUBBORN.replace("OUT", f"{tmp_path}/out"))
    async with working(tmp_path, script, timeout_s=1.0 if how == "timeout" else 600.0) as house:
        await house.note("call.b")
        children = [int(line) for line in await house.wrote(2)]
        if how == "timeout":
            await house.idle()
    assert [has_ended(child) for child in children] == [True, True]


async def test_its_time_is_limited_and_its_children_end_with_it(tmp_path: Path) -> None:
    script = sh(tmp_path, "echo $$ >> $out; sleep 60 & echo $! >> $out; echo slow >&2; wait")
    async with working(tmp_path, script, timeout_s=0.3) as house:
        await house.note("call.b")
        program, child = map(int, await house.wrote(2))
        await house.idle()
        failure = (await house.failures())[0].data
        assert failure["reason"] == "timed out after 0.3 s"
        assert failure["stderr"] == "slow"
        for pid in (program, child):
            assert has_ended(pid)


async def test_a_program_that_leaves_something_running_is_not_waited_for(tmp_path: Path) -> None:
    script = sh(tmp_path, "sleep 3 & echo done >> $out")
    async with working(tmp_path, script) as house:
        started = time.monotonic()
        await house.note("call.b", "call.b")
        await house.wrote(2)
        await house.idle()
        assert time.monotonic() - started < 2.5
        assert await house.failures() == []


async def test_no_more_run_at_once_than_allowed(tmp_path: Path) -> None:
    script = sh(tmp_path, "echo + >> $out; sleep 0.15; echo - >> $out")
    async with working(tmp_path, script, parallel=2) as house:
        await house.note(*["call.b"] * 6)
        lines = await house.wrote(12)
        await house.idle()
    running = peak = 0
    for line in lines:
        running += 1 if line == "+" else -1
        peak = max(peak, running)
    assert peak == 2


async def test_a_restart_goes_on_where_it_was(tmp_path: Path) -> None:
    script = sh(
        tmp_path, f"echo $GSMGW_EVENT_ID >> $out; test -e {tmp_path}/quick || [ $GSMGW_EVENT_ID != 2 ] || sleep 60"
    )
    async with working(tmp_path, script) as house:
        await house.note("call.b", "call.b", "call.b")
        await house.wrote(2)  # and the second one is cut off by the end
    store = await Store.open(tmp_path / "g.db")
    await store.write(lambda tx: tx.event(1, any_event("call.b")))
    await store.close()
    (tmp_path / "quick").touch()
    async with working(tmp_path, script) as house:
        await house.wrote(5)
        await house.idle()
        assert house.lines() == ["1", "2", "2", "3", "4"]
    async with working(tmp_path, script, name="another") as house:
        await house.note("call.b")
        assert (await house.wrote(6))[5] == "5"  # a new hook begins with what is new


async def test_large_bodies_and_unread_ones(tmp_path: Path) -> None:
    async with working(tmp_path, sh(tmp_path, "[ $GSMGW_EVENT = a.unread ] || wc -c >> $out")) as house:
        await house.note("call.unread", "call.b", text="x" * 300_000)
        assert int((await house.wrote(1))[0]) > 300_000
        await house.idle()
        assert await house.failures() == []


def received(text: str | None, segments: int, **fields: Any) -> MessageRecord:
    values: dict[str, Any] = dict.fromkeys(MessageRecord.__dataclass_fields__)
    values |= {
        "id": 1, "direction": Direction.INBOUND, "status": Status.RECEIVED, "peer": ANNA, "text": text,
        "segments": segments, "modem": "office", "priority": Priority.NORMAL, "message_class": None, "tags": (),
    }  # fmt: skip
    return MessageRecord(**values | fields)


def test_variables_of_a_short_text() -> None:
    assert smsd_variables(received("Hello", 1)) == {
        "SMS_MESSAGES": "1", "SMS_1_NUMBER": ANNA, "SMS_1_TEXT": "Hello", "SMS_1_CLASS": "-1", "SMS_1_REFERENCE": "0",
        "DECODED_PARTS": "0", "DECODED_1_TEXT": "Hello", "PHONE_ID": "office",
    }  # fmt: skip


@pytest.mark.parametrize("text", ["abc" * 100, "Ä\0ö" * 77, "ab"])
def test_variables_of_a_long_text(text: str) -> None:
    found = smsd_variables(received(text, 3, message_class=0))
    clean = text.replace("\0", "")  # an environment cannot hold it
    assert (found["SMS_MESSAGES"], found["DECODED_PARTS"], found["DECODED_1_TEXT"]) == ("3", "1", clean)
    assert "".join(found[f"SMS_{number}_TEXT"] for number in (1, 2, 3)) == clean
    assert [found[f"SMS_{number}_CLASS"] for number in (1, 2, 3)] == ["0"] * 3


def test_data_has_no_text() -> None:
    found = smsd_variables(received(None, 2))
    assert found["DECODED_PARTS"] == "0"
    assert not [name for name in found if name.endswith("_TEXT")]


#: In the manner of gammu-smsd's own example: joined texts where there are any, else that of each part.
OLD_SCRIPT = """#!/bin/sh
[ -z "$WATCHDOG_PID" ] || exit 1
text=""
if [ "$DECODED_PARTS" = 0 ]; then parts=$SMS_MESSAGES; kind=SMS; else parts=$DECODED_PARTS; kind=DECODED; fi
n=1
while [ $n -le $parts ]; do eval "text=\\"\\$text\\${${kind}_${n}_TEXT}\\""; n=$((n + 1)); done
echo "$PHONE_ID $SMS_1_NUMBER $SMS_MESSAGES $text" >> OUT
"""


async def test_a_script_for_gammu_smsd(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WATCHDOG_PID", "1")  # of the service manager, and nothing for a hook
    program = tmp_path / "on-receive"
    program.write_text(OLD_SCRIPT.replace("OUT", f"{tmp_path}/out"))
    program.chmod(0o755)
    long = "Ein längerer Text. " * 20
    hooks = {"hook": [{"name": "old", "command": [str(program)]}]}
    async with simulated(tmp_path, 1, hooks) as (sim, rig):
        sim.send(from_=ANNA, to="modem0", text="Hello; $(reboot)")
        assert sim.send(from_=ANNA, to="modem0", text=long) == 3
        await rig.until(lambda: (tmp_path / "out").exists() and len((tmp_path / "out").read_text().splitlines()) == 2)
        await rig.until(lambda: rig.gateway.hooks.lags() == {"old": 0})
    assert (tmp_path / "out").read_text().splitlines() == [
        f"modem0 {ANNA} 1 Hello; $(reboot)",
        f"modem0 {ANNA} 3 {long}",
    ]


def test_what_is_wrong_with_a_hook_is_said() -> None:
    for text in (
        '[[hook]]\nname = "a"\n',
        '[[hook]]\nname = "a"\ncommand = []\n',
        '[[hook]]\nname = "a"\ncommand = ["relative"]\n',
        '[[hook]]\nname = "a"\ncommand = "/bin/true x"\n',
        '[[hook]]\nname = "a"\ncommand = ["/x"]\n[[hook]]\nname = "a"\ncommand = ["/y"]\n',
    ):
        with pytest.raises(ConfigError):
            parse_config(text)
