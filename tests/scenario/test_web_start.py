"""The first steps on the dashboard, and the phones of the simulator."""

from __future__ import annotations

import shlex
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from support.page import SECRET, add_user, dashboard, fragment, signed_in
from support.rig import Rig, make_config, running, simulated

from gsmgw.web.simulator import Simulator, SimulatorGone, SimulatorRefused
from hw_sim import Simulation
from hw_sim.control.server import Control

ANNA = "+4915112345671"


@asynccontextmanager
async def controlled(tmp_path: Path, **options: Any) -> AsyncIterator[tuple[Rig, Path]]:
    """A gateway over one simulated modem, and the control socket of the simulator."""
    async with simulated(tmp_path, 1, **options) as (sim, rig):
        control = Control(sim, tmp_path / "control.sock")
        await control.start()
        try:
            yield rig, tmp_path / "control.sock"
        finally:
            await control.stop()


async def test_the_whole_guide(tmp_path: Path) -> None:
    """The account leads to the guide; a text, its answer and a token with a line that works."""
    async with controlled(tmp_path) as (rig, socket), dashboard(rig, simulator=str(socket)) as browser:
        code = (await rig.client.create_setup_code())["code"]
        await browser.open(f"/setup?code={code}")
        made = await browser.send("/setup", code=code, name="ann", password=SECRET, again=SECRET)
        assert made.headers["location"] == "/start"
        page = (await browser.open("/start")).text
        assert "Ready" in page
        assert "very good signal" in page
        assert "No text was exchanged yet" in (await browser.open("/")).text

        await browser.open("/start")
        wrong = await browser.send("/start", action="text", to="nonsense", text="Hello")
        assert wrong.status_code == 422
        assert 'value="nonsense"' in wrong.text
        assert 'id="to-error"' in wrong.text
        sent = await browser.send("/start", action="text", to=ANNA, text="Hello", key="k1")
        again = await browser.send("/start", action="text", to=ANNA, text="Hello", key="k1")
        assert sent.headers["location"] == again.headers["location"]
        number = sent.headers["location"].partition("text=")[2]
        await rig.ended(number)
        assert "Your phone has it." in (await browser.open(sent.headers["location"])).text
        cursor = (await rig.client.stats())["last_event"]
        await browser.open(f"/simulator?phone={ANNA}")
        await browser.send("/simulator", action="send", phone=ANNA, to="modem0", text="Yes <b>")
        await rig.event(cursor, "message.received")
        assert "Your answer came in: <strong>Yes &lt;b&gt;" in await fragment(browser, f"start-text:{number}")

        await browser.open(sent.headers["location"])
        token = await browser.send("/start", action="token", name="first", sent=number)
        line = unescape(token.text.partition('id="curl-socket"')[2].partition(">")[2].partition("</textarea>")[0])
        assert "curl-tcp" not in token.text
        assert "Your phone has it." in token.text
        assert [each["scopes"] for each in await rig.client.tokens()] == [["send", "read"]]
        words = shlex.split(line)
        assert words[:4] == ["curl", "--unix-socket", str(rig.client.where), "http://gsmgw/v1/messages"]
        assert words[5].startswith("Authorization: Bearer gsmgw_")
        refused = await browser.send("/start", action="token", name="first")
        assert refused.status_code == 409
        assert 'id="name-error"' in refused.text


async def test_nonsense_is_refused_in_words(tmp_path: Path) -> None:
    async with running(make_config(tmp_path, {})) as rig:
        await add_user(rig, "ann")
        async with signed_in(rig) as browser:
            assert (await browser.open("/start?text=..%2F..%00")).status_code == 200
            assert await fragment(browser, "start-text:nonsense") == ""
            for path, fields in (
                ("/start", {"action": "pin", "modem": "", "pin": "1234"}),
                ("/start", {"action": "pin", "modem": "gone", "pin": "1234"}),
                ("/start", {"action": "text", "to": "", "text": ""}),
                ("/start", {"action": "token", "name": ""}),
                ("/tokens/revoke", {"name": "", "sure": "1"}),
                ("/tokens/revoke", {"name": "gone", "sure": "1"}),
                ("/tokens/new", {"name": "\x00", "scopes": "everything", "days": "x", "modems": "gone"}),
                ("/webhooks/new", {"url": "\x00", "tags": "," * 99, "modems": "x" * 9999}),
                ("/webhooks/gone", {"action": "replay", "event": "9" * 40}),
                ("/webhooks/gone", {"action": "replay", "since": "9999-12-31T23:59"}),
                ("/webhooks/gone", {"action": "anything"}),
                ("/users", {"name": "", "password": "", "role": "king"}),
                ("/users/gone", {"action": "role", "role": "king"}),
                ("/users/a%2Fb", {"action": "remove", "sure": "1"}),
                ("/sessions", {"session": "9" * 40}),
                ("/configuration", {}),
                ("/simulator", {"action": "send"}),
            ):
                assert (await browser.send(path, **fields)).status_code < 500, path
            for path in (
                "/audit?cursor=x",
                "/audit?since=0001-01-01&until=9999-12-31",
                "/webhooks/%00?cursor=9999999999999999999999",
                f"/webhooks/{'x' * 3000}",
                "/api/%2E%2E",
                "/users/%F0%9F%91%8D",
            ):
                assert (await browser.open(path)).status_code < 500, path


async def test_the_guide_is_shown_until_it_is_left(tmp_path: Path) -> None:
    async with running(make_config(tmp_path, {})) as rig:
        await add_user(rig, "ann")
        await add_user(rig, "ben", "operator")
        async with dashboard(rig) as browser:
            assert (await browser.sign_in("ann")).headers["location"] == "/start"
            page = (await browser.open("/start")).text
            assert "No modem has been found yet" in page
            assert "sudo gsmgw doctor" in page
            left = await browser.send("/start", action="skip")
            assert left.headers["location"] == "/"
            browser.http.cookies.delete("gsmgw_session")
            assert (await browser.sign_in("ann")).headers["location"] == "/"
            assert "Take the first steps" in (await browser.open("/")).text
            await rig.client.send(ANNA, "Hello")
            assert 'class="first-steps"' in (await browser.open("/")).text
            for number in range(20):
                await rig.client.send(ANNA, f"Hello {number}")
            assert "/start" not in (await browser.open("/")).text
        async with dashboard(rig) as browser:
            assert (await browser.sign_in("ben")).headers["location"] == "/"


async def test_a_locked_sim_is_unlocked_in_the_guide(tmp_path: Path) -> None:
    async with Simulation(seed=1, directory=tmp_path / "tty") as sim:
        made = await sim.add_modem("modem0", pin="1234")
        async with running(make_config(tmp_path, {"modem0": made.path})) as rig:
            await rig.modem_is("modem0", "locked")
            await add_user(rig, "ann")
            async with signed_in(rig) as browser:
                page = (await browser.open("/start")).text
                assert "3 tries are left" in page
                wrong = await browser.send("/start", action="pin", modem="modem0", pin="9999")
                assert wrong.status_code == 409
                assert 'id="pin-error"' in wrong.text
                assert "2 tries are left" in (await browser.open("/start")).text
                await browser.send("/start", action="pin", modem="modem0", pin="1234")
                await rig.modem_is("modem0", "ready")
                assert 'name="pin"' not in (await browser.open("/start")).text


@pytest.mark.parametrize(
    ("listen", "tls", "shown"),
    [
        ("127.0.0.1:8775", False, "curl http://127.0.0.1:8775/v1/messages"),
        ("0.0.0.0:8775", True, "curl https://sms.example:8775/v1/messages"),
    ],
)
async def test_the_line_over_the_network(tmp_path: Path, listen: str, tls: bool, shown: str) -> None:
    files = {"tls_cert": tmp_path / "c.pem", "tls_key": tmp_path / "k.pem"} if tls else {}
    async with running(make_config(tmp_path, {}, {"api": {"listen": listen, **files}})) as rig:
        await add_user(rig, "ann")
        async with dashboard(rig, base="http://sms.example") as browser:
            await browser.sign_in("ann")
            await browser.open("/start")
            assert shown in (await browser.send("/start", action="token", name="first")).text


async def test_the_simulator_page(tmp_path: Path) -> None:
    """Phones with their texts; a modem unplugged, plugged in and disturbed; errors beside their fields."""
    async with controlled(tmp_path) as (rig, socket):
        await add_user(rig, "ann")
        await add_user(rig, "vera", "viewer")
        async with dashboard(rig, simulator=str(socket)) as browser:
            await browser.sign_in("ann")
            assert 'href="/simulator"' in (await browser.open("/")).text
            await rig.ended((await rig.client.send(ANNA, "Hello <i>"))["id"])
            page = (await browser.open("/simulator")).text
            assert "Hello &lt;i&gt;" in page
            assert f"Type as {ANNA}" in page
            assert "Hello &lt;i&gt;" in await fragment(browser, f"simulator:{ANNA}")
            assert "No texts on this phone yet" in (await browser.open("/simulator?phone=%2B4915112345679")).text
            modem = await browser.open("/simulator?phone=modem0")
            assert modem.status_code == 422
            assert 'id="phone-error"' in modem.text
            empty = await browser.send("/simulator", action="send", phone=ANNA, to="modem0", text=" ")
            assert empty.status_code == 422
            nobody = await browser.send("/simulator", action="send", phone=ANNA, to="modem9", text="Kept")
            assert nobody.status_code == 409
            assert ">Kept</textarea>" in nobody.text
            await browser.send("/simulator", action="unplug", phone=ANNA, modem="modem0")
            assert "Not plugged in" in (await browser.open("/simulator")).text
            await browser.send("/simulator", action="replug", phone=ANNA, modem="modem0")
            await browser.send("/simulator", action="fault", phone=ANNA, modem="modem0", kind="network-lost")
            assert 'state-warn">No network for a minute' in (await browser.open("/simulator")).text
            await browser.send("/simulator", action="fault", phone=ANNA, modem="modem0", kind="reset")  # not offered
            assert 'state-warn">' not in (await browser.open("/simulator")).text
        async with dashboard(rig, simulator=str(socket)) as browser:
            await browser.sign_in("vera")
            assert 'value="unplug"' not in (await browser.open("/simulator")).text
            assert (await browser.send("/simulator", action="unplug", modem="modem0")).status_code == 403
        async with dashboard(rig, simulator=str(tmp_path / "nothing")) as browser:
            await browser.sign_in("ann")
            gone = await browser.open("/simulator")
            assert gone.status_code == 503
            assert "The simulator does not answer" in gone.text
            assert (await browser.send("/simulator", action="unplug", modem="modem0")).status_code == 503
            assert await fragment(browser, "simulator:") == ""
        async with signed_in(rig) as browser:
            page = (await browser.open("/simulator")).text
            assert "gsmgw demo" in page
            assert 'href="/simulator"' not in (await browser.open("/")).text
            assert (await browser.send("/simulator", action="unplug", modem="modem0")).status_code == 303


async def test_asking_the_simulator(tmp_path: Path) -> None:
    async with controlled(tmp_path) as (_, socket):
        assert (await Simulator(str(socket)).ask("ping"))["ok"]
        with pytest.raises(SimulatorRefused, match="nonsense"):
            await Simulator(str(socket)).ask("nonsense")
    with pytest.raises(SimulatorGone):
        await Simulator(str(socket)).ask("ping")
