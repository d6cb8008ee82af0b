"""The screens of modems: state, history, limits, USSD, transcript, quarantine."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from support.page import Browser, add_user, fragment, signed_in
from support.rig import Rig, make_config, running, simulated

from gsmgw.daemon import modem_history as daemon_history
from gsmgw.daemon.settings import limits_of
from gsmgw.ports import RawPdu
from gsmgw.web.live import transcript
from gsmgw.web.look import Look, zone_named
from gsmgw.web.pages.modem_history import POINTS, history_of
from hw_sim import Simulation


@pytest.fixture
async def screens(tmp_path: Path) -> AsyncIterator[tuple[Simulation, Rig, Browser]]:
    async with simulated(tmp_path, 1) as (sim, rig):
        await add_user(rig, "ann")
        async with signed_in(rig) as browser:
            yield sim, rig, browser


async def test_a_modem_with_its_state_and_why_it_has_its_profile(screens: Any) -> None:
    _, _, browser = screens
    page = (await browser.open("/modems/modem0")).text
    assert '<li class="here here-good" aria-current="step">Ready</li>' in page
    assert "no profile for this model" in page
    assert "No limits" in page
    assert "The first values appear here after a few minutes" in page
    assert "Changes of the state" in page


async def test_limits_with_how_much_is_used(tmp_path: Path) -> None:
    async with simulated(tmp_path, 1) as (_, rig):
        gateway = rig.gateway
        section = gateway.config.modem[0].limits.model_copy(update={"per_day": 2, "recipients_per_day": 5})
        gateway.scheduler.change_limits("modem0", limits_of(section), 1.0)
        sent = await rig.client.send("+4915112345671", "Hello")
        await rig.ended(sent["id"])
        (modem,) = await rig.client.modems()
        assert [(each["unit"], each["used"], each["limit"], each["window_s"]) for each in modem["usage"]] == [
            ("segments", 1, 2, 86400),
            ("recipients", 1, 5, 86400),
        ]
        await add_user(rig, "ann")
        async with signed_in(rig) as browser:
            page = (await browser.open("/modems/modem0")).text
            assert "1 of 2 segments in 1 day" in page
            assert "Set for this modem: per_day in [modem.limits]." in page
            assert "Set for this modem: recipients_per_day in [modem.limits]." in page
            assert "[modem.limits]" not in (await browser.open("/modems")).text


async def test_history_of_a_day(screens: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    _, rig, browser = screens
    monkeypatch.setattr(daemon_history, "INTERVAL_S", 0.01)
    sampling = asyncio.create_task(rig.gateway.history.run())
    try:
        await rig.until(lambda: len(rig.gateway.history.of("modem0")) > 3)
    finally:
        sampling.cancel()
    found = await rig.client.modem_history("modem0")
    assert {"at", "state", "signal_dbm", "temperature_c"} == set(found["data"][0])
    assert found["data"][-1]["state"] == "ready"
    page = (await browser.open("/modems/modem0")).text
    assert 'id="signal-chart"' in page
    assert (await rig.http.get("/v1/modems/nobody/history")).status_code == 404


async def test_history_is_thinned_and_names_the_changes(screens: Any) -> None:
    _, _, browser = screens
    visitor = await browser.site.sessions.visitor(browser.http.cookies["gsmgw_session"])
    look = Look(browser.site, browser.site.languages["en"], zone_named("UTC"), visitor.user["role"])
    samples: Any = [
        {
            "at": f"2026-11-28T{minute // 60:02}:{minute % 60:02}:00Z",
            "state": "recovering" if 600 <= minute < 610 else "ready",
            "signal_dbm": None if 600 <= minute < 630 else -80,
            "temperature_c": None,
        }
        for minute in range(1440)
    ]
    history = history_of(look, samples)
    assert len(history.labels) == POINTS
    assert history.temperature is None
    assert history.signal is not None
    assert history.signal[60:63] == [None, None, None]
    assert history.signal[0] == -80
    assert history.changes == [
        ("2026-11-28T10:10:00Z", "ready"),
        ("2026-11-28T10:00:00Z", "recovering"),
        ("2026-11-28T00:00:00Z", "ready"),
    ]


async def test_a_ussd_session_stays_on_the_page(screens: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    _, rig, browser = screens
    answers = [("Balance <1>: choose", True), ("12.40 EUR", False)]

    class Answer:
        def __init__(self, text: str, more: bool) -> None:
            self.text, self.more, self.outcome = text, more, "done"

    async def answer(_: str) -> Answer:
        return Answer(*answers.pop(0))

    monkeypatch.setattr(rig.gateway.modems["modem0"], "ussd", answer)
    await browser.open("/modems/modem0")
    assert "Write a code" in (await browser.send("/modems/modem0/ussd", code=" ")).text
    first = await browser.send("/modems/modem0/ussd", code="*100#")
    assert "Balance &lt;1&gt;: choose" in first.text
    assert "The network waits for a reply" in first.text
    last = await browser.send("/modems/modem0/ussd", code="1", open="1", asked="*100#", answered="Balance <1>: choose")
    assert last.text.index("Balance &lt;1&gt;") < last.text.index("12.40 EUR")
    assert "The session has ended." in last.text


async def test_the_tries_left_for_a_pin(tmp_path: Path) -> None:
    async with Simulation(seed=1, directory=tmp_path / "tty") as sim:
        port = (await sim.add_modem("modem0", pin="1234")).path
        async with running(make_config(tmp_path, {"m0": port})) as rig:
            await rig.modem_is("m0", "locked")
            await add_user(rig, "ann")
            async with signed_in(rig) as browser:
                assert "3 tries are left." in (await browser.open("/modems/m0")).text
                refused = await browser.send("/modems/m0", action="pin", pin="9999")
                assert 'id="pin-error"' in refused.text
                assert "2 tries are left." in refused.text
                assert (await browser.send("/modems/m0", action="pin", pin="1234")).status_code == 303
                await rig.modem_is("m0", "ready")
                assert (await rig.client.modem("m0"))["pin_attempts_left"] is None


async def test_the_transcript_as_a_file_is_masked_unless_asked(screens: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    _, _, browser = screens
    asked: list[bool] = []

    async def lines(name: str, *, masked: bool) -> AsyncIterator[str]:
        asked.append(masked)
        yield "0.1 > AT\\r"

    visitor = await browser.site.sessions.visitor(browser.http.cookies["gsmgw_session"])
    monkeypatch.setattr(visitor.gateway, "tap", lines)
    page = (await browser.open("/modems/modem0/transcript")).text
    assert "are masked" in page
    assert "This shows phone numbers" in (await browser.open("/modems/modem0/transcript?show=all")).text
    done = await browser.open("/modems/modem0/transcript/file?seconds=10")
    assert done.text == "0.1 > AT\\r\n"
    assert done.headers["content-disposition"] == 'attachment; filename="transcript-modem0.txt"'
    await browser.open("/modems/modem0/transcript/file?seconds=nonsense&show=all")
    assert asked == [True, False]
    assert (await browser.open("/modems/nobody/transcript/file")).status_code == 404


async def test_the_file_of_a_transcript_ends(screens: Any) -> None:
    _, _, browser = screens
    response = await browser.open("/modems/modem0/transcript/file?seconds=1")
    assert response.status_code == 200


async def test_a_transcript_in_the_page() -> None:
    """Rows are escaped, sent in portions, and those that come too fast are counted."""

    async def lines(on_open: Callable[[], None]) -> AsyncIterator[str]:
        on_open()
        for number in range(transcript.ROWS + 5):
            yield f"0.{number} < <b>{number}"
        yield "1.0 > AT"

    sent = [
        part
        async for part in transcript.follow(lines, lambda count: f"{count} left out", "<p>open", '<div id="tap">over')
    ]
    text = "".join(sent)
    assert text.index("<p>open") < text.index('<div class="tap-row')
    assert '<div class="tap-row tap-lost">6 left out</div>' in text
    assert "&lt;b&gt;204" in text
    assert "<b>" not in text
    assert '<div class="tap-row tap-out">1.0 &gt; AT</div>' in text
    assert sent[-1].startswith('data: <hx-partial hx-target="#tap"')


async def test_quarantine_shows_where_the_fault_is(screens: Any) -> None:
    _, rig, browser = screens
    assert "Nothing in quarantine" in (await browser.open("/quarantine")).text
    pdu = "07911326040000F0040B911346610089F6FF"
    await rig.gateway.collector.take(RawPdu(modem="modem0", sim="sim", pdu=pdu))
    (entry,) = (await rig.client.quarantine_page())["data"]
    assert entry["field"] is not None
    page = (await browser.open("/quarantine")).text
    assert entry["problem"].replace("'", "&#39;") in page
    assert f"It belongs to {entry['field']}" in page or f"The fault is in {entry['field']}" in page
    done = await browser.send("/quarantine")
    assert done.headers["location"] == "/quarantine?understood=0&left=1"
    assert "Decoded now: 0. Still not: 1." in (await browser.open(done.headers["location"])).text


async def test_the_live_state_of_a_modem(screens: Any) -> None:
    _, rig, browser = screens
    await rig.client.modem("modem0", "disable")
    shown = await fragment(browser, "modem:modem0")
    assert '<li class="here here-off" aria-current="step">Disabled</li>' in shown
