"""Whatever is typed or decoded, the simulator answers or ignores; nothing but its own errors escapes."""

from __future__ import annotations

import re

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hw_sim import Harness
from hw_sim.codec.alphabet import gsm7_decode, gsm7_encode, gsm7_fits, pack, unpack
from hw_sim.codec.tpdu import CodecError, read_tpdu, split_smsc, write_tpdu
from hw_sim.codec.user_data import content, join_text, segments
from hw_sim.commands import TABLE

SUBMIT = "0031000B916407281553F80000AA0AE8329BFD4697D9EC37"

NAMES = st.sampled_from(sorted(TABLE))
FORMS = st.sampled_from(
    ["", "?", "=?", "=", "=0", "=1", "=1,1", '="x"', '="+491510000001"', "=1,2,3,4,5", "=-1", "=,,"]
)
LINES = st.lists(st.tuples(NAMES, FORMS), min_size=1, max_size=4).map(
    lambda parts: "AT" + ";".join(name + form for name, form in parts) + "\r"
)
TYPED = st.one_of(
    LINES,
    st.text(st.characters(max_codepoint=255), max_size=40),
    st.sampled_from(["\x1a", "\x1b", "A/", SUBMIT, "AT+CMGS=23\r", "AT\r", "\r\n"]),
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(TYPED, max_size=12), st.sampled_from(["generic", "huawei-e1752", "wavecom", "siemens-tc35"]))
def test_nothing_typed_breaks_the_modem(typed: list[str], profile: str) -> None:
    with Harness(profile) as harness:
        for text in typed:
            harness.type(text)
        harness.type("\x1b\r")
        harness.wait(10)
        harness.modem.faults.clear()
        harness.type("\x1b\r")
        harness.modem.reboot()
        harness.wait(60)
        assert harness.command("AT").endswith(b"\r\nOK\r\n")


@settings(max_examples=100, deadline=None)
@given(st.lists(LINES, max_size=6))
def test_portions_make_no_difference(lines: list[str]) -> None:
    typed = "".join(line for line in lines if not re.search(r"\+CFUN|\+COPS|\+CUSD|D", line))
    with Harness() as one, Harness() as other:
        whole = one.type(typed)
        assert b"".join(other.type(char) for char in typed) == whole or b"> " in whole


@given(st.binary(max_size=180), st.booleans())
def test_octets_give_a_tpdu_or_a_codec_error(data: bytes, from_modem: bool) -> None:
    try:
        _, tpdu = split_smsc(data)
        read = read_tpdu(tpdu, from_modem=from_modem)
    except CodecError:
        return
    assert isinstance(content(read).text, str)
    write_tpdu(read)


@given(st.text(st.sampled_from("@£ aZ€[]|Ω\n"), max_size=500))
def test_default_alphabet_texts_survive(text: str) -> None:
    assert gsm7_fits(text)
    septets = gsm7_encode(text)
    for fill in range(7):
        assert unpack(pack(septets, fill), len(septets), fill) == septets
    assert gsm7_decode(septets) == text


@given(st.text(max_size=400), st.booleans())
def test_any_text_survives_its_parts(text: str, wide: bool) -> None:
    text = text.encode("utf-16-be", "replace").decode("utf-16-be")
    with Harness() as harness:
        phone = harness.phone("+491510000002")
        harness.phone("+491510000001").send(phone.number, text)
        harness.wait(0)
        assert [message.text for message in phone.received] == [text]
    assert all(udl <= 160 and len(ud) <= 140 for _, udl, ud in segments(text, 300, wide_ref=wide))
    assert join_text("gsm7", b"") == ""
