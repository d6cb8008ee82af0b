"""Every profile loads, names its sources and works; each documented behaviour T1 to T15 shows in one of them."""

from __future__ import annotations

import tomllib
from importlib import resources
from typing import Any

import pytest

from hw_sim import Harness, ProfileError, load_profile, profile_names
from hw_sim.profiles.loader import build

SUBMIT = "0031000B916407281553F80000AA0AE8329BFD4697D9EC37"
PHONE = "+46708251358"


def harness_of(name: str, **options: Any) -> Harness:
    harness = Harness(name, **options)
    harness.command("ATE0")
    harness.command("AT+CMEE=1")
    return harness


@pytest.mark.parametrize("name", profile_names())
def test_every_table_of_a_profile_names_its_source(name: str) -> None:
    data = tomllib.loads((resources.files("hw_sim") / "profiles" / f"{name}.toml").read_text(encoding="utf-8"))
    about = data.pop("profile")
    assert about["name"] == name
    assert about["sources"]
    assert about["description"]
    for key, table in data.items():
        for entry in table if isinstance(table, list) else [table]:
            assert entry.get("source"), f"{key} of {name} does not say where it is from"


@pytest.mark.parametrize("name", profile_names())
def test_every_profile_sends_and_receives(name: str) -> None:
    with harness_of(name) as harness:
        harness.command("AT+CFUN=1")
        for _ in range(harness.modem.profile.boot.busy_after_cfun):
            harness.command("AT+CSQ")
        assert b"+CMGS: 0" in harness.send(SUBMIT)
        assert harness.phone(PHONE).received[0].text == "hellohello"
        harness.sim.send(from_=PHONE, to="modem0", text="x" * 200)
        harness.wait(0)
        assert len(harness.modem.receive_memory) == 2


def test_families_of_the_field_are_there() -> None:
    families = " ".join(load_profile(name).family for name in profile_names())
    for family in (
        "Huawei E-series", "E3372", "ZTE MF", "SIM800/SIM900", "SIM7600", "Quectel M35", "EC25/EG25", "u-blox SARA",
        "Telit", "Sierra", "Siemens/Cinterion", "Wavecom",
    ):  # fmt: skip
        assert family in families


def test_a_wrong_profile_names_the_key_that_was_meant() -> None:
    with pytest.raises(ProfileError, match=r"storage\.arguements: unknown key; did you mean arguments"):
        build({"profile": {"name": "x"}, "storage": {"arguements": [3]}}, "x")
    with pytest.raises(ProfileError, match="did you mean wavecom"):
        load_profile("wavcom")
    with pytest.raises(ProfileError, match=r"storage\.base: '1' is not valid; use a whole number"):
        build({"profile": {"name": "x"}, "storage": {"base": "1"}}, "x")


def test_t1_wavecom() -> None:
    with harness_of("wavecom") as harness:
        assert harness.command("AT+CGMI") == b"\r\n WAVECOM MODEM\r\n\r\nOK\r\n"
        assert harness.command("AT+CGMR") == b"\r\nERROR\r\n"
        assert harness.command("AT+CPIN?") == b"\r\n+CPIN: READY\r\n"
        assert harness.command("AT") == b"\r\nOK\r\n"
        assert harness.command("AT+CPMS=?") == b'\r\n+CPMS: (("SM","BM","SR"),("SM"))\r\n\r\nOK\r\n'
        assert harness.command('AT+CPMS="SM","SM","SR"') == b"\r\nERROR\r\n"
        assert harness.command('AT+CPMS="SM","SM"') == b"\r\n+CPMS: 0,50,0,50\r\n\r\nOK\r\n"
        assert harness.command("AT+CNMI=2,1,0,2") == b"\r\nOK\r\n"
        assert harness.command("AT+CVHU=0") == b"\r\nERROR\r\n"
        assert harness.command("AT+CFUN=1") == b"\r\nOK\r\n"
        assert [harness.command("AT+CSQ") for _ in range(2)] == [b"\r\n+CME ERROR: 515\r\n"] * 2
        assert harness.command("AT+CSQ") == b"\r\n+CSQ: 20,99\r\n\r\nOK\r\n"


def test_t1_a_wavecom_with_a_pin_says_so_without_ok() -> None:
    with harness_of("wavecom", pin="1234") as harness:
        assert harness.command("AT+CPIN?") == b"\r\n+CPIN: SIM PIN\r\n"


def test_t2_huawei() -> None:
    with harness_of("huawei-e1752") as harness:
        assert harness.command("AT+WIND?") == b"\r\nCOMMAND NOT SUPPORT\r\n"
        assert b"\r\r\n" in harness.command("AT+CLAC")
        memories = b'("ME","MT","SM","SR")'
        assert harness.command("AT+CPMS=?") == b"\r\n+CPMS: " + b",".join([memories] * 3) + b"\r\n\r\nOK\r\n"
        assert harness.command('AT+CUSD=1,"*100#",15') == b"\r\nERROR\r\n"
        # "*100#" packed: 2A 31 30 30 23 as septets
        assert b"+CUSD: 0," in harness.command('AT+CUSD=1,"AA180C3602",15')
        harness.command("AT^USSDMODE=0")
        assert b"+CUSD: 0," in harness.command('AT+CUSD=1,"*100#",15')
        heard = harness.wait(21)
        assert heard.count(b"\r\n^RSSI:20\r\n") == 4
        assert heard.count(b"\r\n^BOOT:35323129,0,0,0,26\r\n") == 1
        harness.command("AT^CURC=0")
        assert harness.wait(60) == b""
    with harness_of("huawei-k3715") as harness:
        assert harness.command("AT+CLAC").startswith(b"\r\n+CLAC:E,V,Q,")


def test_t3_a_dying_e220_says_only_boot() -> None:
    with harness_of("huawei-e220") as harness:
        harness.modem.fault("dying", for_s=65)
        assert harness.command("AT") == b"\r\n^BOOT:91409020,0,0,0,6\r\n"
        assert harness.wait(41).replace(b"\r\n^BOOT:91409020,0,0,0,6\r\n", b"") == b""
        harness.wait(30)
        assert harness.command("AT").endswith(b"OK\r\n")


def test_t4_zte() -> None:
    with harness_of("zte-k3565z", pin="1234") as harness:
        assert harness.command("AT+CFUN?") == b"\r\n+CME ERROR: 11\r\n"
        harness.command('AT+CPIN="1234"')
        assert harness.command("AT+CFUN?") == b"\r\n+CFUN: (0-1,4-7),(0-1)\r\n\r\nOK\r\n"
        assert harness.command("AT+ZPAS?") == b'\r\n+BEARTYPE: "UMTS","CS_PS"\r\n\r\nOK\r\n'
        assert harness.command("AT+CVHU=0") == b"\r\n+CVHU: (0-1)\r\n\r\nOK\r\n"
        assert harness.wait(1).count(b"+ZUSIMR:2") == 3
        harness.command("AT+CPMS?")
        assert harness.wait(5) == b""
        harness.command("AT+CNMI=2,1,0,2,0")
        assert harness.send(SUBMIT).endswith(b'+CDSI: "SM",1\r\n')
        assert harness.command("AT+CMGR=1").startswith(b"\r\n+CMGR: ,,25\r\n")
        assert b'"+491710760000"' in harness.command("AT+CSCA?")
        harness.command("AT+CSMP=49,167,0,0")
        assert harness.command("AT+CSCA?") == b'\r\n+CSCA: "",129\r\n\r\nOK\r\n'


def test_t5_qualcomm() -> None:
    with Harness("qualcomm-m6280", pin="1234", timing="real", boot=True) as harness:
        harness.command("ATE0")
        harness.wait(3)
        assert harness.command("ATZ") == b"\r\nERROR\r\n"
        harness.command('AT+CPIN="1234"')
        assert harness.command("AT+CFUN?") == b"\r\n+CFUN: 0\r\n\r\nOK\r\n"
        assert harness.command("AT+CFUN=1") == b"\r\nOK\r\n"
        assert harness.command("AT+CSCA?") == b"\r\nERROR\r\n"
        harness.command("AT+CMEE=1")
        assert harness.command("AT+CSCA?") == b"\r\n+CME ERROR: 14\r\n"
        harness.wait(6)
        assert b'+CSCA: "+491710760000",145' in harness.command("AT+CSCA?")


def test_t6_brovi() -> None:
    with harness_of("brovi-e3372-325") as harness:
        assert harness.command("AT+CPMS=?") == b'\r\n+CPMS: ("SM","ME"),("SM","ME"),("SM","ME")\r\n\r\nOK\r\n'
        for wrong in ('"SM"', '"SM","SM"', '"SM","SM","SM","SM"'):
            assert harness.command(f"AT+CPMS={wrong}") == b"\r\nERROR\r\n"
        assert harness.command('AT+CPMS="SM","SM","SM"') == b"\r\nOK\r\n"


def test_t7_quectel() -> None:
    with Harness("quectel-ec25", timing="real", boot=True) as harness:
        heard = harness.wait(16)
        for line in (b"RDY", b"+CFUN: 1", b"+CPIN: READY", b"+QUSIM: 1", b"+QIND: SMS DONE", b"+QIND: PB DONE"):
            assert b"\r\n" + line + b"\r\n" in heard
    with harness_of("quectel-ec25") as harness:
        harness.command('AT+CPMS="SM","SM","SM"')
        harness.command("AT+CNMI=2,1,0,2,0")
        assert harness.send(SUBMIT).endswith(b'\r\n+CDSI: "SM",0\r\n')
        assert harness.command("AT+CMGR=0") == b"\r\nOK\r\n"
        harness.command('AT+CPMS="SR"')
        assert harness.command("AT+CMGR=0").startswith(b"\r\n+CMGR: 0,,25\r\n")
        harness.command("AT+CNMI=2,1,0,1,0")
        assert b"\r\n+CDS: 25\r\n" in harness.send(SUBMIT)
        harness.command("AT+CSMS=1")
        harness.command("AT+CNMI=1,2")
        harness.sim.send(from_=PHONE, to="modem0", text="Hi")
        assert b"+CMT: " in harness.wait(0)
        assert harness.command("AT+CNMA") == b"\r\nOK\r\n"
        assert harness.command("AT+CNMA") == b"\r\n+CMS ERROR: 340\r\n"


def test_slots_are_counted_from_the_base_of_the_profile() -> None:
    for name, first in (("quectel-ec25", 0), ("huawei-e1752", 0), ("generic", 1)):
        with harness_of(name) as harness:
            harness.command('AT+CPMS="SM","SM","SM"')
            harness.command("AT+CNMI=2,1")
            harness.sim.send(from_=PHONE, to="modem0", text="x")
            assert harness.wait(0) == f'\r\n+CMTI: "SM",{first}\r\n'.encode()


def test_t8_simcom() -> None:
    with Harness("simcom-sim800", timing="real", boot=True) as harness:
        assert harness.wait(2).endswith(b"\r\n+CPIN: READY\r\n")
        harness.command("AT+CMEE=1")
        harness.wait(0.1)
        harness.command("AT+CMGL=4")
        assert harness.wait(0.1).endswith(b"\r\n+CMS ERROR: 314\r\n")
        assert harness.wait(4).endswith(b"\r\nCall Ready\r\n\r\nSMS Ready\r\n")
        harness.command("ATE0")
        harness.wait(0.1)
        harness.command("AT+CMGS=23")
        assert harness.wait(0.1).endswith(b"> ")
        harness.type(SUBMIT + "\x1a")
        assert harness.wait(1.9) == b""
        assert b"+CMGS: 0" in harness.wait(4.2)
    with harness_of("simcom-sim800") as harness:
        assert harness.command("AT+CNMI=2,1,0,2") == b"\r\nERROR\r\n"
        assert harness.command("AT+CNMI=2,1,0,1,0") == b"\r\nOK\r\n"
        assert b"\r\n+CDS: 25\r\n" in harness.send(SUBMIT)
        harness.modem.fault("reset-mid-pdu")
        assert b"\r\nRDY\r\n" in harness.send(SUBMIT)
        assert harness.command("AT") == b"AT\r\r\nOK\r\n"
        assert b"+CNMI: 0,0,0,0,0" in harness.command("AT+CNMI?")


def test_t9_prompts() -> None:
    with harness_of("simcom-sim7670g") as harness:
        assert harness.command("AT+CMGS=23") == b"\r\n>\r\n"
        assert harness.type(SUBMIT + "\x1a") == b"\r\n+CMGS: 0\r\n\r\nOK\r\n"
    with harness_of("generic") as harness:
        assert harness.command("AT+CMGS=23") == bytes.fromhex("0D0A3E20")
        harness.type("\x1b")
        harness.modem.fault("prompt-form", form="bare")
        assert harness.command("AT+CMGS=23") == b">"


def test_t10_cinterion() -> None:
    with harness_of("cinterion-mc75i") as harness:
        assert harness.command("AT+CNMI=?") == b"\r\n+CNMI: (0-3),(0,1),(0,2,3),(0,2),(1)\r\n\r\nOK\r\n"
        assert harness.command("AT+CNMI=2,1,0,2,0") == b"\r\n+CMS ERROR: 303\r\n"
        assert harness.command("AT+CNMI=2,1,0,2,1") == b"\r\nOK\r\n"
        assert harness.command("AT+CPMS=?") == b'\r\n+CPMS: ("ME","SM","MT"),("ME","SM","MT"),("SM","MT")\r\n\r\nOK\r\n'
        assert b"ERROR" in harness.command('AT+CPMS="ME","ME","ME"')
        assert harness.command("AT+CREG?") == b'\r\n+CREG: 0,1,"5E25","605F"\r\n\r\nOK\r\n'
    with harness_of("cinterion-phs8") as harness:
        assert b"+CNMI: (0,1,2),(0,1),(0,2),(0),(1)" in harness.command("AT+CNMI=?")
    with Harness("siemens-tc35", timing="real", boot=True) as harness:
        assert harness.wait(1) == b"\r\n^SYSSTART\r\n"


def test_t11_phones() -> None:
    with harness_of("nokia-n79") as harness:
        assert harness.command("AT+CGMR").count(b"\r\n") == 8
        assert harness.command("AT+CPMS=?") == b"\r\n+CPMS: (),(),()\r\n\r\nOK\r\n"
        assert harness.command("AT+CPMS?") == b"\r\n+CPMS: ,,,,,,,,\r\n\r\nOK\r\n"
        for refused in ('+CPMS="SM"', "+CNMI=?", "+CNMI=2,1"):
            assert harness.command("AT" + refused) == b"\r\nERROR\r\n"
        assert b"+CMGS: 0" in harness.send(SUBMIT)
    with harness_of("samsung-j700") as harness:
        assert harness.command("AT+CPMS=?") == b"\r\n+CPMS: \r\n\r\nOK\r\n"


@pytest.mark.parametrize(
    ("name", "said"),
    [("huawei-e1752", b'^SMMEMFULL: "SM"'), ("simcom-sim7600", b"+SMS FULL"), ("zte-mf190", b"+ZSMMEMFULL")],
)
def test_t12_a_full_memory(name: str, said: bytes) -> None:
    with harness_of(name) as harness:
        harness.command('AT+CPMS="SM","SM","SM"')
        harness.command("AT^CURC=0")
        harness.command("AT+CNMI=2,1")
        base, size = harness.modem.profile.storage.base, harness.modem.profile.storage.sizes["SM"]
        for _ in range(size + 1):
            harness.sim.send(from_=PHONE, to="modem0", text="x")
        heard = harness.wait(0)
        assert heard.count(b"+CMTI: ") == size
        assert heard.endswith(b"\r\n" + said + b"\r\n")
        assert f'"SM",{size},{size}'.encode() in harness.command("AT+CPMS?")
        freed = base + 4
        assert harness.command(f"AT+CMGD={freed}").endswith(f'+CMTI: "SM",{freed}\r\n'.encode())


@pytest.mark.parametrize(
    ("form", "said"), [("minus", b'"SM",-1'), ("empty", b",-1"), ("bare", b"0,111"), ("memory", b'"ME",1')]
)
def test_t12_indications_that_point_nowhere(form: str, said: bytes) -> None:
    with harness_of("generic") as harness:
        harness.command("AT+CNMI=2,1")
        harness.modem.fault("bad-index", form=form)
        harness.sim.send(from_=PHONE, to="modem0", text="x")
        assert harness.wait(0) == b"\r\n+CMTI: " + said + b"\r\n"


@pytest.mark.parametrize(
    ("form", "command", "said"),
    [
        ("cnum", "+CNUM", b'\r\nERROR+CNUM: "","+491700000001",145\r\n'),
        ("creg-bare", "+CREG?", b"\r\n+CREG: 2,1,5E25,605F\r\n"),
        ("creg-quote", "+CREG?", b'\r\n+CREG: 2,1,"5E25,"605F"\r\n'),
        ("creg-empty", "+CREG?", b"\r\nOK\r\n"),
        ("cmgr-one-line", "+CMGR=1", b"\r\n+CMGR: 0,,20,0791"),
        ("cmgr-blank", "+CMGR=1", b"\r\n+CMGR: 0,,20\r\n\r\n0791"),
        ("no-alpha", "+CMGL=4", b"\r\n+CMGL: 1,0,20\r\n0791"),
        ("pdu-quote", "+CMGR=1", b'78"\r\n'),
        ("ussd-unquoted", '+CUSD=1,"*100#"', b"\r\n+CUSD: 0, Postpaid\r\n"),
        ("ussd-no-dcs", '+CUSD=1,"*100#"', b'\r\n+CUSD: 0,"Postpaid"\r\n'),
        ("csca-hex", "+CSCA?", b"\r\n+CSCA: 002B0034003900310037"),
    ],
)
def test_t13_broken_framing(form: str, command: str, said: bytes) -> None:
    with harness_of("generic") as harness:
        harness.sim.send(from_=PHONE, to="modem0", text="x")
        harness.command("AT+CREG=2")
        harness.modem.fault("misframe", form=form)
        assert said in harness.command("AT" + command)


def test_t13_two_indications_in_one_read_and_one_between_text_and_ok() -> None:
    with harness_of("generic") as harness:
        harness.command("AT+CNMI=2,1")
        harness.modem.fault("merge", for_s=60)
        harness.modem.fault("urc-midresponse", text='+CMTI: "ME",1')
        for _ in range(2):
            harness.sim.send(from_=PHONE, to="modem0", text="x")
        assert harness.wait(1) == b'\r\n+CMTI: "SM",1\r\n\r\n+CMTI: "SM",2\r\n'
        harness.command("AT+CSQ")
        assert harness.wait(1) == b'\r\n+CSQ: 20,99\r\n\r\n+CMTI: "ME",1\r\n\r\nOK\r\n'


def test_t14_errors_and_slowness_while_sending() -> None:
    with harness_of("generic") as harness:
        harness.modem.fault("cms-500", count=3)
        assert [harness.send(SUBMIT)[-8:] for _ in range(3)] == [b"R: 500\r\n"] * 3
        assert b"+CMGS: 0" in harness.send(SUBMIT)
        for code in (1, 21, 28, 38, 41, 42, 512):
            harness.modem.fault("cms-error", count=1, code=code)
            assert harness.send(SUBMIT) == f"\r\n+CMS ERROR: {code}\r\n".encode()
        harness.modem.fault("network-lost", for_s=10)
        assert harness.send(SUBMIT) == b"\r\n+CMS ERROR: 331\r\n"
        harness.wait(11)
        harness.command("AT+CMEE=2")
        harness.modem.fault("taken-error", count=1)
        assert harness.send(SUBMIT) == b"\r\n+CMS ERROR: network timeout\r\n"
        assert len(harness.phone(PHONE).received) == 2
        harness.modem.fault("late-result", count=1)
        assert harness.send(SUBMIT) == b""
        assert b"+CMGS: 2\r\n\r\nOK" in harness.wait(90)


def test_t15_a_returned_modem_has_forgotten_and_kept() -> None:
    with harness_of("generic", pin="1234") as harness:
        harness.command('AT+CPIN="1234"')
        harness.command("AT+CNMI=2,1")
        harness.sim.send(from_=PHONE, to="modem0", text="before")
        assert b"+CMTI" in harness.wait(0)
        harness.modem.fault("vanish", for_s=5)
        assert harness.modem.path == ""
        harness.sim.send(from_=PHONE, to="modem0", text="meanwhile")
        harness.wait(6)
        assert b"+CPIN: SIM PIN" in harness.command("AT+CPIN?")
        assert harness.command('AT+CPIN="1234"').endswith(b"OK\r\n")  # no +CMTI for what came meanwhile
        assert harness.command("AT+CMGL=4").count(b"+CMGL: ") == 2


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("huawei-e1752", b'+CUSD: 0,"D0F79C0E0FA7C9",15'),  # septets by hand after 23.038 6.1.2.1
        ("huawei-e3372", b'+CUSD: 0,"0050006F007300740070006100690064",72'),
        ("quectel-m35", b'+CUSD: 0,"0050006F007300740070006100690064",15'),
        ("telit-he910", b'+CUSD: 0,"0050006F007300740070006100690064FFFFFFFFFFFF",17'),
        ("generic", b'+CUSD: 0,"Postpaid",15'),
    ],
)
def test_ussd_as_each_family_writes_it(name: str, said: bytes) -> None:
    with harness_of(name) as harness:
        harness.command("AT^USSDMODE=0")
        assert said in harness.command('AT+CUSD=1,"*100#",15')


def test_ussd_with_a_line_break_in_its_quotes() -> None:
    with harness_of("generic") as harness:
        assert b'+CUSD: 0,"Line one\r\nLine two",15\r\n' in harness.command('AT+CUSD=1,"*103#",15')
