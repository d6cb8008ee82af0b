"""Faults that imitate cases from public reports; see test_faults."""

from __future__ import annotations

from hw_sim import Harness

SUBMIT = "0011000B916407281553F80000AA0AE8329BFD4697D9EC37"
OK = b"\r\nOK\r\n"
PHONE = "+46708251358"


def late_refusal(harness: Harness) -> None:
    harness.modem.fault("late-refusal", seconds=30.0, code=38, count=1)
    assert harness.send(SUBMIT) == b""
    assert harness.command("AT") == OK
    assert harness.wait(31) == b"\r\n+CMS ERROR: 38\r\n"
    assert harness.sim.submits == []


def refuse_setting(harness: Harness) -> None:
    harness.modem.fault("refuse-setting", for_s=12)
    assert harness.command("AT+CNMI=2,1") == b"\r\n+CMS ERROR: 314\r\n"
    assert harness.command("AT+CNMI?").endswith(OK)
    assert harness.command("AT+CMGF=0") == OK
    harness.wait(13)
    assert harness.command("AT+CNMI=2,1") == OK
    harness.modem.fault("refuse-setting", command="at+csms", error="plain", form="all", count=2)
    assert harness.command("AT+CSMS?") == harness.command("AT+CSMS=1") == b"\r\nERROR\r\n"
    assert harness.command("AT+CSMS=1").endswith(OK)


def acknowledgement_form(harness: Harness) -> None:
    harness.command("AT+CSMS=1")
    harness.command("AT+CNMI=2,2")
    for form, taken, refused in (("value", "=0", ""), ("plain", "", "=0"), ("one", "=1", "=0"), ("none", "=2", "=1")):
        harness.modem.faults.clear()
        harness.modem.fault("acknowledgement-form", form=form)
        harness.sim.send(from_=PHONE, to="modem0", text="x")
        assert b"+CMT: " in harness.wait(0)
        assert harness.command(f"AT+CNMA{refused}") == b"\r\n+CMS ERROR: 303\r\n"
        assert (harness.command(f"AT+CNMA{taken}") == OK) == (form != "none")
        harness.wait(16)
        harness.command("AT+CNMI=2,2")


def unreadable_place(harness: Harness) -> None:
    for text in "abc":
        harness.sim.send(from_=PHONE, to="modem0", text=text)
        harness.wait(0)
    error = b"\r\n+CMS ERROR: 320\r\n"
    harness.modem.fault("unreadable-place")
    said = harness.command("AT+CMGL=4")
    assert b"+CMGL: 1," in said
    assert b"+CMGL: 2," not in said
    assert said.endswith(error)
    assert harness.command("AT+CMGR=2") == error
    assert harness.command("AT+CMGR=3").endswith(OK)
    harness.modem.faults.clear()
    harness.modem.fault("unreadable-place", list="skips", delete=True)
    said = harness.command("AT+CMGL=4")
    assert said.count(b"+CMGL: ") == 2
    assert said.endswith(OK)
    assert harness.command("AT+CMGD=2") == error
    harness.modem.faults.clear()
    harness.modem.fault("unreadable-place", list="refused", code=300)
    assert harness.command("AT+CMGL=4") == b"\r\n+CMS ERROR: 300\r\n"


def ussd_form(harness: Harness) -> None:
    harness.modem.fault("ussd-form", form="quote", count=1)
    assert b'\r\n+CUSD: 0,"TV 32" for 99"\r\n' in harness.command('AT+CUSD=1,"*100#",15') + harness.wait(5)
    harness.modem.fault("ussd-form", form="at-sign", count=1)
    assert b"mail\0example.com: \x1b(5\x1b)" in harness.command('AT+CUSD=1,"*103#",15') + harness.wait(5)
    assert b"Line two" in harness.command('AT+CUSD=1,"*103#",15') + harness.wait(5)


def reused_reference(harness: Harness) -> None:
    harness.modem.fault("reused-reference", generations=2)
    harness.wait(1)
    assert harness.command("AT+CMGL=4").count(b"0500030702") == 4
    assert not harness.modem.faults.active


def mixed_parts(harness: Harness) -> None:
    harness.modem.fault("mixed-parts", total=3)
    harness.wait(1)
    assert harness.command("AT+CMGL=4").count(b"0500030703") == 2


def overheated(harness: Harness) -> None:
    with Harness("quectel-ec25") as other:
        other.command("ATE0")
        assert b"+QTEMP: 31,32,30" in other.command("AT+QTEMP")
        other.modem.fault("overheated", degrees=90)
        assert b"+QTEMP: 31,90,30" in other.command("AT+QTEMP")
        other.modem.faults.clear()
        assert b"+QTEMP: 31,32,30" in other.command("AT+QTEMP")
    harness.modem.fault("overheated", for_s=1)


def undervoltage(harness: Harness) -> None:
    harness.modem.fault("undervoltage", for_s=30)
    assert b"+CBC: 0,6\r\n" in harness.command("AT+CBC")
    harness.wait(31)
    assert b"+CBC: 0,62\r\n" in harness.command("AT+CBC")


FIELD_CASES = (
    overheated,
    undervoltage,
    late_refusal,
    refuse_setting,
    acknowledgement_form,
    unreadable_place,
    ussd_form,
    reused_reference,
    mixed_parts,
)
