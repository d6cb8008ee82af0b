"""Answers of a profile about state come from the state: tries left, service, signal, settings."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from hw_sim import Harness, load_profile, profile_names
from hw_sim.modem.state import STATE

OK = b"\r\n\r\nOK\r\n"
PUK = "12345678"


def shown(harness: Harness, line: str) -> str:
    """The information text of a command that ends with OK."""
    said = harness.command(line)
    assert said.endswith(OK), said
    return said.removesuffix(OK).removeprefix(b"\r\n").decode()


@pytest.fixture
def huawei() -> Harness:
    harness = Harness("huawei-e1752", pin="1234")
    harness.command("ATE0")
    return harness


def test_cpin_of_a_huawei_counts_the_wrong_pins(huawei: Harness) -> None:
    assert shown(huawei, "AT^CPIN?") == "^CPIN: SIM PIN,3,10,3,10,3"
    for left in (2, 1):
        huawei.command('AT+CPIN="0000"')
        assert shown(huawei, "AT^CPIN?") == f"^CPIN: SIM PIN,{left},10,{left},10,3"
    huawei.command('AT+CPIN="0000"')
    assert shown(huawei, "AT^CPIN?") == "^CPIN: SIM PUK,10,10,0,10,3"
    huawei.command('AT+CPIN="11111111","1234"')
    assert shown(huawei, "AT^CPIN?") == "^CPIN: SIM PUK,9,9,0,10,3"
    huawei.command(f'AT+CPIN="{PUK}","1234"')
    assert shown(huawei, "AT^CPIN?") == "^CPIN: READY,,10,3,10,3"


def test_sysinfo_and_signal_of_a_huawei_follow_the_network(huawei: Harness) -> None:
    assert shown(huawei, "AT^SYSINFO") == "^SYSINFO:0,0,0,0,0,,0"
    huawei.command('AT+CPIN="1234"')
    assert shown(huawei, "AT^SYSINFO") == "^SYSINFO:2,3,0,5,1,,4"
    huawei.modem.fault("roaming")
    assert shown(huawei, "AT^SYSINFO") == "^SYSINFO:2,3,1,5,1,,4"
    huawei.modem.fault("sim-removed")
    huawei.wait(0)
    assert shown(huawei, "AT^SYSINFO") == "^SYSINFO:0,0,0,0,255,,0"
    huawei.modem.radio.rssi = 7
    assert b"\r\n^RSSI:7\r\n" in huawei.wait(6)
    huawei.modem.fault("network-lost")
    assert b"\r\n^RSSI:99\r\n" in huawei.wait(6)


def test_curc_shows_what_was_set_and_chatter_follows(huawei: Harness) -> None:
    assert shown(huawei, "AT^CURC?") == "^CURC: 1"
    huawei.command("AT^CURC=0")
    assert shown(huawei, "AT^CURC?") == "^CURC: 0"
    assert huawei.wait(30) == b""
    huawei.command("AT^CURC=1")
    assert shown(huawei, "AT^CURC?") == "^CURC: 1"
    assert huawei.wait(11).count(b"^RSSI") == 2
    assert huawei.command("AT^CURC=7") == b"\r\nERROR\r\n"


def test_ussdmode_can_be_set_back(huawei: Harness) -> None:
    huawei.command('AT+CPIN="1234"')
    huawei.command("AT^USSDMODE=0")
    assert b"+CUSD: 0," in huawei.command('AT+CUSD=1,"*100#",15')
    huawei.command("AT^USSDMODE=1")
    assert huawei.command('AT+CUSD=1,"*100#",15') == b"\r\nERROR\r\n"


@pytest.mark.parametrize(
    ("profile", "line", "before", "fault", "after"),
    [
        ("huawei-e3372", "AT^SYSINFO", "^SYSINFO:2,3,0,6,1,,3", "network-lost", "^SYSINFO:0,0,0,0,1,,0"),
        ("quectel-ec25", "AT+QNWINFO", '"FDD LTE","26201","LTE BAND 3",1300', "network-lost", "No Service"),
        ("simcom-sim7600", "AT+CPSI?", "LTE,Online,262-01,0x5E25,24671", "network-lost", "NO SERVICE,Online"),
        ("sierra-mc7304", "AT!STATUS", "Mode:   ONLINE", "", ""),
        ("telit-he910", "AT#QSS?", "#QSS: 0,3", "sim-removed", "#QSS: 0,0"),
        ("siemens-tc35", "AT^SCKS?", "^SCKS: 0,1", "sim-removed", "^SCKS: 0,0"),
        ("zte-k3565z", "AT+ZPAS?", '"UMTS","CS_PS"', "network-lost", '"No Service","LIMITED"'),
        ("generic", "AT+CGATT?", "+CGATT: 1", "network-lost", "+CGATT: 0"),
    ],
)
def test_vendor_queries_follow_the_state(profile: str, line: str, before: str, fault: str, after: str) -> None:
    with Harness(profile) as harness:
        harness.command("ATE0")
        assert before in shown(harness, line)
        if fault:
            harness.modem.fault(fault)
            harness.wait(0)
            assert after in shown(harness, line)


def test_tries_of_other_vendors_count_the_wrong_pins() -> None:
    for profile, line, said in (
        ("quectel-ec25", "AT+QPINC?", '+QPINC: "SC",2,10'),
        ("siemens-tc35", "AT^SPIC", "^SPIC: 2"),
        ("telit-he910", "AT#PCT", "#PCT: 2"),
    ):
        with Harness(profile, pin="1234") as harness:
            harness.command("ATE0")
            harness.command('AT+CPIN="0000"')
            assert said in shown(harness, line)


def test_settings_without_effect_are_read_back_until_a_restart() -> None:
    for profile, query, first, change, then in (
        ("generic", "AT+CVHU?", "+CVHU: 0", "AT+CVHU=1", "+CVHU: 1"),
        ("generic", "AT+CLIR?", "+CLIR: 0,4", "AT+CLIR=2", "+CLIR: 2,4"),
        ("generic", "AT+IPR?", "+IPR: 0", "AT+IPR=115200", "+IPR: 115200"),
        ("simcom-sim7600", "AT+CNMP?", "+CNMP: 2", "AT+CNMP=38", "+CNMP: 38"),
        ("wavecom", "AT+WIND?", "+WIND: 63", "AT+WIND=50", "+WIND: 50"),
        (
            "quectel-ec25",
            'AT+QURCCFG="urcport"',
            '+QURCCFG: "urcport","usbat"',
            'AT+QURCCFG="urcport","all"',
            '+QURCCFG: "urcport","all"',
        ),
    ):
        with Harness(profile) as harness:
            harness.command("ATE0")
            assert shown(harness, query) == first
            assert harness.command(change) == b"\r\nOK\r\n"
            assert shown(harness, query) == then
            harness.modem.power_on(quiet=True)
            harness.command("ATE0")
            assert shown(harness, query) == first


def test_mf190_shows_its_functionality() -> None:
    with Harness("zte-mf190") as harness:
        harness.command("ATE0")
        harness.command("AT+CFUN=4")
        assert shown(harness, "AT+CFUN?") == "+CFUN: 4"


@pytest.mark.parametrize("name", profile_names())
def test_names_in_profiles_exist_and_have_a_value(name: str) -> None:
    profile = load_profile(name)
    texts = [line for lines in profile.answers.values() for line in lines] + [entry.text for entry in profile.chatter]
    with Harness(name) as harness:
        for found in re.findall(r"\{([a-z_]+)\}", "\n".join(texts)):
            assert STATE[found](harness.modem) is not None


def test_the_names_are_documented() -> None:
    page = (Path(__file__).parents[3] / "docs" / "reference" / "simulator-profiles.md").read_text(encoding="utf-8")
    for name in STATE:
        assert f"`{{{name}}}`" in page, name


@pytest.mark.parametrize(
    ("profile", "line", "fault", "options", "after"),
    [
        ("huawei-e3372", "AT^CHIPTEMP?", "overheated", {"degrees": 71.5}, "^CHIPTEMP: 715,"),
        ("simcom-sim7600", "AT+CPMUTEMP", "overheated", {}, "+CPMUTEMP: 85"),
        ("telit-he910", "AT#TEMPMON=1", "overheated", {}, "#TEMPMEAS: 0,85"),
        ("cinterion-phs8", "AT^SCTM?", "overheated", {}, "^SCTM: 0,0,85"),
        ("sierra-mc7304", "AT!PCTEMP?", "overheated", {}, "Temperature: 85.00 C"),
        ("sierra-mc7304", "AT!PCVOLT?", "undervoltage", {}, "3350 mV"),
        ("simcom-sim7600", "AT+CBC", "undervoltage", {}, "+CBC: 3.350V"),
        ("simcom-sim800", "AT+CBC", "undervoltage", {}, "+CBC: 0,6,3350"),
        ("generic", "AT+COPS?", "roaming", {}, "Vodafone.de"),
        ("quectel-ec25", "AT+QNWINFO", "roaming", {}, "26202"),
        ("simcom-sim7600", "AT+CPSI?", "roaming", {}, "262-02"),
        ("simcom-sim7600", "AT+CPSI?", "weak-signal", {}, ",-1390,-1090,"),
        ("generic", "AT+CSQ", "weak-signal", {"rssi": 4}, "+CSQ: 4,99"),
        ("generic", "AT+CREG?", "denied", {}, "+CREG: 0,3"),
    ],
)
def test_figures_follow_the_state(profile: str, line: str, fault: str, options: dict[str, Any], after: str) -> None:
    with Harness(profile) as harness:
        harness.command("ATE0")
        assert after not in shown(harness, line)
        harness.modem.fault(fault, **options)
        harness.wait(0)
        assert after in shown(harness, line)
        harness.modem.faults.clear()
        harness.wait(0)
        assert after not in shown(harness, line)


@pytest.mark.parametrize(
    ("profile", "line"),
    [
        ("generic", "AT+CPINR"),
        ("generic", 'AT+CLCK="SC",2'),
        ("generic", "AT+CCID"),
        ("generic", "AT+CIMI"),
        ("huawei-e1752", "AT^CPIN?"),
        ("quectel-ec25", 'AT+QPINC="SC"'),
        ("telit-he910", "AT#PCT"),
        ("siemens-tc35", "AT^SPIC"),
    ],
)
def test_without_a_sim_nothing_of_it_is_told(profile: str, line: str) -> None:
    with Harness(profile) as harness:
        harness.command("ATE0")
        harness.command("AT+CMEE=1")
        harness.modem.fault("sim-removed")
        harness.wait(0)
        assert harness.command(line) == b"\r\n+CME ERROR: 10\r\n"


def test_one_code_of_cpinr() -> None:
    with Harness(pin="1234") as harness:
        harness.command("ATE0")
        harness.command('AT+CPIN="0000"')
        assert shown(harness, 'AT+CPINR="SIM PIN"') == "+CPINR: SIM PIN,2,3"


def test_hcsq_names_the_technology() -> None:
    with Harness("huawei-e1752") as harness:
        assert STATE["hcsq"](harness.modem).startswith('"WCDMA",48')
