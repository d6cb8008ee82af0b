"""One test walks over all profiles: each row is held against what its source says (tests/transcripts/families.toml)."""

from __future__ import annotations

import asyncio
import dataclasses
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from support.modems import ScriptedPort

from gsmgw.at.dialogue import Dialogue
from gsmgw.at.events import Urc
from gsmgw.at.result_codes import parse_final_result
from gsmgw.at.urcs import UrcKind, kind_of
from gsmgw.clock import SystemClock
from gsmgw.config import ModemSection
from gsmgw.errors import ConfigError, Disposition
from gsmgw.model import ModemState, RecoveryStep
from gsmgw.modem.commands import device, messages, sim
from gsmgw.modem.commands.client import AtClient
from gsmgw.modem.commands.storage import MessageStorage
from gsmgw.modem.port.channel import Channel
from gsmgw.modem.profiles import GENERIC, PROFILES, Profile, Reading, choose_profile, named_profile
from gsmgw.modem.profiles.overlay import load_overlay, parse_overlay
from gsmgw.modem.sending.refusal import refusal

FAMILIES: dict[str, dict[str, Any]] = tomllib.loads(
    (Path(__file__).parents[2] / "transcripts" / "families.toml").read_text()
)
#: Values that are compared as they are.
PLAIN = (
    "after_pin_s",
    "after_radio_on_s",
    "sim_ready_s",
    "sms_ready_s",
    "submit_timeout_s",
    "pause_s",
    "radio_off",
)
#: Which field of a profile a key of a family speaks for.
SPEAKS_FOR = {
    "identity": "matches",
    "interface": "init_for_interface",
    "cpms": "cpms_forms",
    "ds": "cnmi",
    "bfr": "cnmi",
    "iccid_first": "iccid",
    "pin_tries_first": "pin_tries",
    "reset_first": "reset",
    "reset_second": "reset",
}


def profile_of(name: str) -> Profile:
    found = named_profile(name)
    assert found is not None, f"no profile {name}"
    return found


def test_every_profile_has_a_family_and_every_family_a_profile() -> None:
    assert set(FAMILIES) == {profile.name for profile in PROFILES} - {"generic"}


@pytest.mark.parametrize("name", FAMILIES)
def test_every_difference_is_spoken_for(name: str) -> None:
    profile, family = profile_of(name), FAMILIES[name]
    spoken = {SPEAKS_FOR.get(key, key) for key in family} | {"name", "title", "source"}
    if family.get("no_storage"):
        spoken |= {"cnmi", "cpms_forms", "sweep", "keeps_copies"}
    differ = {
        field.name
        for field in dataclasses.fields(Profile)
        if getattr(profile, field.name) != getattr(GENERIC, field.name)
    }
    assert differ <= spoken
    assert profile.source != GENERIC.source


@pytest.mark.parametrize(
    ("name", "identity"), [(name, identity) for name, family in FAMILIES.items() for identity in family["identity"]]
)
def test_each_is_known_by_what_it_calls_itself(name: str, identity: str) -> None:
    assert choose_profile(identity).name == name


def test_an_unknown_modem_is_generic() -> None:
    assert choose_profile("Acme Modem 3000").name == "generic"
    assert choose_profile("").name == "generic"


@pytest.mark.parametrize(
    ("name", "line"), [(name, line) for name, family in FAMILIES.items() for line in family.get("noise", ())]
)
def test_noise_is_dropped(name: str, line: str) -> None:
    dialogue = Dialogue()
    dialogue.noise = frozenset(profile_of(name).noise)
    assert kind_of(line) is not UrcKind.NOISE, "then the row is for nothing"
    assert dialogue.feed(b"\r\n" + line.encode() + b"\r\n") == [Urc(UrcKind.NOISE, line)]


def converse(profile: Profile, answers: dict[str, str], what: str, interface: int | None = None) -> list[str]:
    """Return the lines that are written to a modem with those answers for ``what``."""

    async def run() -> list[str]:
        port = ScriptedPort(answers)
        clock = SystemClock()
        channel = Channel(clock, lambda urc: None, lambda cause: None)
        await channel.open(port.open)
        at = AtClient(channel, clock, profile)
        if what == "profile":
            await device.apply_profile(at, interface)
        elif what == "storage":
            await MessageStorage(at).select_for_all("SM")
        elif what == "indications":
            await messages.set_indications(at, profile.cnmi)
        elif what == "sim":
            await sim.iccid_and_imsi(at)
        elif what == "pin attempts":
            await sim.pin_attempts_left(at)
        else:
            await device.restart(at)
        await channel.close()
        return [line for line in port.lines if line]

    return asyncio.run(run())


@pytest.mark.parametrize("name", FAMILIES)
def test_what_is_said_to_the_modem(name: str) -> None:
    profile, family = profile_of(name), FAMILIES[name]
    assert converse(profile, {}, "profile") == family.get("init", [])
    for interface, line in family.get("interface", {}).items():
        assert converse(profile, {}, "profile", int(interface))[-1] == line
    if "cpms" in family:
        assert converse(profile, {}, "storage") == family["cpms"]
    rows = [line.partition("=")[2].split(",") for line in converse(profile, {}, "indications")]
    if "ds" in family:
        assert {row[3] for row in rows} == set(family["ds"])
        assert rows[0][3] == family["ds"][0], "the wanted one first"
    if "bfr" in family:
        assert {row[4] for row in rows} == set(family["bfr"])
    if family.get("no_storage"):
        assert rows == []
        assert converse(profile, {}, "storage") == []
        assert profile.sweep == ()
        assert not profile.keeps_copies
    if "iccid_first" in family:
        assert converse(profile, {}, "sim")[0] == family["iccid_first"]
    if "pin_tries_first" in family:
        assert converse(profile, {}, "pin attempts")[0] == family["pin_tries_first"]
    lines = converse(profile, {}, "restart")
    assert lines[0] == family.get("reset_first", "AT+CFUN=1,1")
    if "reset_second" in family:
        assert lines[1] == family["reset_second"]


@pytest.mark.parametrize("figure", ["temperature", "voltage"])
@pytest.mark.parametrize("name", FAMILIES)
async def test_figures(name: str, figure: str) -> None:
    """The commands that read temperature and voltage, and their responses."""
    row = FAMILIES[name].get(figure, {"asked": "AT+CBC", "answer": "+CBC: 0,93,4101", "millivolts": 4101})
    port = ScriptedPort({row["asked"]: f"{row['answer']}|OK"})
    channel = Channel(SystemClock(), lambda urc: None, lambda cause: None)
    await channel.open(port.open)
    at = AtClient(channel, SystemClock(), profile_of(name))
    if figure == "voltage":
        assert await device.voltage_mv(at) == row["millivolts"]
    else:
        assert await device.temperature_c(at) == row.get("degrees")
    asked = [row["asked"]] if figure == "voltage" or "degrees" in row else []
    assert [line for line in port.lines if line] == asked
    await channel.close()


@pytest.mark.parametrize("name", FAMILIES)
def test_values(name: str) -> None:
    profile, family = profile_of(name), FAMILIES[name]
    for field in PLAIN:
        assert getattr(profile, field) == family.get(field, getattr(GENERIC, field))


@pytest.mark.parametrize(
    ("name", "code", "disposition"),
    [(name, code, word) for name, family in FAMILIES.items() for code, word in family.get("cms", {}).items()],
)
def test_vendor_codes(name: str, code: str, disposition: str) -> None:
    final = parse_final_result(f"+CMS ERROR: {code}")
    assert final is not None
    profile = profile_of(name)
    assert refusal(final, profile, payload_started=True).disposition is Disposition(disposition)
    assert {str(code) for code in profile.cms} == set(FAMILIES[name]["cms"])


class TestOverlay:
    def test_a_profile_of_the_field(self, tmp_path: Path) -> None:
        path = tmp_path / "profiles.toml"
        path.write_text(
            """
            [profile.my-stick]
            base = "huawei"
            matches = ["MyStick 9000"]
            after_pin_s = 5
            probe_after_s = false
            temperature = { command = "AT+MYTEMP?", field = 2 }
            voltage = false
            cpms_forms = [1]
            [profile.my-stick.cms]
            604 = { title = "asked too fast", disposition = "later" }
            """
        )
        profiles = load_overlay(path)
        found = choose_profile("Acme MyStick 9000", profiles)
        assert (found.name, found.after_pin_s, found.probe_after_s, found.cpms_forms) == ("my-stick", 5.0, None, (1,))
        assert found.init == profile_of("huawei").init
        assert (found.temperature, found.voltage) == (Reading("AT+MYTEMP?", "", 2), None)
        assert found.cms[604].disposition is Disposition.LATER
        assert choose_profile("huawei E1752", profiles).name == "huawei"

    def test_every_problem_is_told_at_once(self) -> None:
        with pytest.raises(ConfigError) as caught:
            parse_overlay(
                {
                    "profil": {},
                    "profile": {
                        "a": {"base": "nonesuch", "matchs": ["x"], "matches": ["("], "pause_s": "fast"},
                        "b": {
                            "cms": {"604": {"title": "x", "disposition": "perhaps"}},
                            "init": [1],
                            "voltage": {"field": 1},
                        },
                    },
                }
            )
        text = str(caught.value)
        for part in (
            "unknown table 'profil'",
            "profile 'nonesuch' does not exist",
            "did you mean 'matches'",
            "not a valid regular expression",
            "must be of type float",
            "disposition must be one of",
            "must be a list of str",
            "must be a table of command",
        ):
            assert part in text

    def test_an_unreadable_file(self, tmp_path: Path) -> None:
        with pytest.raises(ConfigError, match="cannot be read"):
            load_overlay(tmp_path / "none.toml")


def test_the_page_names_every_state_step_and_key() -> None:
    page = (Path(__file__).parents[3] / "docs" / "reference" / "modems.md").read_text()
    for state in ModemState:
        assert f"`{state.value}`" in page
    for step in RecoveryStep:
        assert f"`{step.value}`" in page
    sources = "".join(path.read_text() for path in (Path(__file__).parents[3] / "gsmgw" / "modem").glob("*.py"))
    for event in re.findall(r'event\(\s*"([a-z_.]+)"', sources):
        assert f"| `{event}` |" in page
    for key in ModemSection.model_fields:
        assert f"`{key}`" in page or key in ("name", "match", "limits", "pin_file", "weight"), key


@pytest.mark.parametrize(
    "table",
    [
        {"init": ["AT+X\rAT+CMGD=1,4"]},
        {"init_for_interface": {"2": "AT^U\n"}},
        {"temperature": {"command": "AT^T\x1b", "prefix": "^T:"}},
        {"cnmi": ["2,1\x00"]},
    ],
)
def test_an_overlay_cannot_hide_commands_in_a_line(table: dict[str, object]) -> None:
    with pytest.raises(ConfigError, match="control character"):
        parse_overlay({"profile": {"mine": table}})
