"""Properties of the codec: what goes out comes back, and nothing but the one error escapes."""

from __future__ import annotations

import tracemalloc
from datetime import datetime, timedelta, timezone

from hypothesis import given, settings
from hypothesis import strategies as st

from gsmgw.pdu import (
    AbsoluteValidity,
    Address,
    Alphabet,
    Command,
    Concat,
    Deliver,
    DeliverReport,
    Element,
    EnhancedValidity,
    PduError,
    RelativeValidity,
    StatusReport,
    Submit,
    SubmitReport,
    UserData,
    build_pdu,
    build_timestamp,
    build_tpdu,
    cmgs_length,
    dcs_octet,
    join_text,
    missing,
    parse_pdu,
    parse_timestamp,
    parse_tpdu,
    plan_text,
)
from gsmgw.pdu.alphabet import DEFAULT, gsm7
from gsmgw.pdu.clusters import clusters
from gsmgw.pdu.septets import pack, unpack
from gsmgw.pdu.tables import LANGUAGES, LOCKING, SINGLE
from tests.property import fuzz_pdu

octet = st.integers(0, 255)
septets = st.binary(max_size=300).map(lambda octets: bytes(o & 0x7F for o in octets))
default_text = st.text(st.sampled_from([c for c in LOCKING[0] if c != "\x1b"] + list(SINGLE[0].values())), max_size=400)
any_text = st.text(st.characters(exclude_categories=["Cs"]), max_size=400)
emoji_text = st.text(
    st.sampled_from("a€\u200d\ufe0f\u0301👨👩👧🏽❤🇩🇪क्षिᄀ가\u11a8각\U000e0067\U000e007f 🏴"), min_size=1, max_size=200
)
digits = st.text(st.sampled_from("0123456789*#abc"), max_size=20)
addresses = st.one_of(
    st.builds(Address, digits, st.sampled_from([0, 1, 2, 3, 4, 6, 7]), st.integers(0, 15)),
    st.builds(
        Address,
        st.text(st.sampled_from([c for c in LOCKING[0] if c != "\x1b"]), max_size=11),
        st.just(5),
        st.integers(0, 15),
    ),
)
moments = st.builds(
    lambda moment, quarters: moment.replace(microsecond=0, tzinfo=timezone(timedelta(minutes=15 * quarters))),
    st.datetimes(datetime(1990, 1, 1), datetime(2089, 12, 31)),
    st.integers(-79, 79),
)
timestamps = st.one_of(moments.map(build_timestamp), st.binary(min_size=7, max_size=7))
elements = st.lists(st.builds(Element, octet, st.binary(max_size=12)), max_size=4)
validities = st.one_of(
    st.none(),
    st.builds(RelativeValidity, octet),
    st.builds(AbsoluteValidity, timestamps),
    st.builds(EnhancedValidity, st.binary(min_size=7, max_size=7)),
)


@st.composite
def contents(draw: st.DrawFn) -> tuple[UserData, int]:
    """User data of any alphabet with a coding octet that fits it."""
    header = draw(elements)
    room = 140 - (1 + sum(2 + len(e.data) for e in header) if header else 0)
    alphabet = draw(st.sampled_from(list(Alphabet)))
    dcs = dcs_octet(alphabet, draw(st.sampled_from([None, 0, 1, 2, 3])))
    if alphabet is Alphabet.GSM7:
        return UserData.of_septets(draw(septets)[: max(room, 0) * 8 // 7 - 1 if room > 1 else 0], header), dcs
    return UserData.of_octets(draw(st.binary(max_size=max(room, 0))), header, alphabet=alphabet), dcs


@st.composite
def tpdus(draw: st.DrawFn) -> object:
    """Any TPDU."""
    user_data, dcs = draw(contents())
    flags = [draw(st.booleans()) for _ in range(4)]
    kind = draw(st.integers(0, 5))
    if kind == 0:
        return Deliver(draw(addresses), draw(timestamps), user_data, draw(octet), dcs, *flags)
    if kind == 1:
        return Submit(draw(addresses), user_data, draw(octet), draw(octet), dcs, draw(validities), *flags[:3])
    if kind == 5:
        return Command(
            draw(addresses), draw(octet), draw(octet), draw(octet), draw(octet), draw(st.binary(max_size=150))
        )
    optional = {
        "pid": draw(st.none() | octet),
        "dcs": dcs,
        "user_data": draw(st.sampled_from([None, user_data])),
    }
    if optional["user_data"] is None:
        optional["dcs"] = draw(st.none() | octet)
    parameters = (
        (1 if optional["pid"] is not None else 0)
        | (2 if optional["dcs"] is not None else 0)
        | (4 if optional["user_data"] is not None else 0)
    )
    if kind == 2:
        present = parameters or draw(st.sampled_from([None, 0]))
        return StatusReport(
            draw(octet), draw(addresses), draw(timestamps), draw(timestamps), draw(octet), present, **optional
        )  # type: ignore[arg-type]
    cause = draw(st.none() | octet)
    if kind == 3:
        return SubmitReport(draw(timestamps), cause, parameters, **optional)  # type: ignore[arg-type]
    return DeliverReport(cause, parameters, **optional)  # type: ignore[arg-type]


@given(septets, st.integers(0, 6))
def test_packing(run: bytes, fill: int) -> None:
    bits = sum(septet << 7 * at for at, septet in enumerate(run)) << fill
    octets = pack(run, fill)
    assert octets == bits.to_bytes((7 * len(run) + fill + 7) // 8, "little")
    assert unpack(octets, len(run), fill) == run


@given(default_text)
def test_the_default_alphabet(text: str) -> None:
    run = DEFAULT.encode(text)
    assert run is not None
    assert DEFAULT.decode(bytes(septet & 0x7F for septet in run)) == text
    assert missing(text) == ()


@given(septets, st.integers(0, 15), st.integers(0, 15))
def test_every_run_of_septets_is_some_text(run: bytes, locking: int, single: int) -> None:
    text = gsm7(locking, single).decode(run)
    assert len(run) // 2 <= len(text) <= len(run)


@given(any_text | default_text | emoji_text, st.sampled_from([8, 16]), octet)
def test_texts_come_back_as_they_were_written(text: str, bits: int, reference: int) -> None:
    plan = plan_text(text, reference_bits=bits)
    parts = plan.user_data(reference)
    assert "".join(plan.segments) == plan.text == text
    assert join_text(parts) == text
    assert [part.text for part in parts] == list(plan.segments)
    dcs = dcs_octet(plan.encoding)
    for number, part in enumerate(parts, 1):
        pdu = build_pdu(Submit(Address("4917012345", 1), part, dcs=dcs))
        back = parse_pdu(pdu, sent=True)
        assert isinstance(back.tpdu, Submit)
        assert back.tpdu.user_data == part
        assert back.tpdu_octets == cmgs_length(pdu)
        expected = Concat(reference, len(parts), number, bits) if len(parts) > 1 else None
        assert back.tpdu.concat == expected


@given(any_text, st.lists(st.sampled_from(sorted(LANGUAGES)), max_size=3), st.booleans())
def test_texts_in_national_alphabets(text: str, national: list[int], transliterate: bool) -> None:
    plan = plan_text(text, national=national, transliterate=transliterate)
    assert join_text(plan.user_data(1)) == plan.text
    assert plan.segment_count <= plan_text(text).segment_count
    if not plan.transliterated:
        assert plan.text == text


@given(st.sampled_from(sorted(LANGUAGES)), st.data())
def test_texts_of_one_language(language: int, data: st.DataObject) -> None:
    chars = {*LOCKING.get(language, ""), *SINGLE[language].values()} - {"\x1b", "\ufffe"}
    text = data.draw(st.text(st.sampled_from(sorted(chars)), min_size=1, max_size=200))
    plan = plan_text(text, alphabet="gsm7", national=[language])
    assert join_text(plan.user_data(1)) == text


@given(emoji_text)
def test_cuts_fall_between_characters(text: str) -> None:
    whole = clusters(text)
    assert "".join(whole) == text
    plan = plan_text(text * 3)
    starts = set()
    at = 0
    for cluster in clusters(text * 3):
        starts.add(at)
        at += len(cluster)
    longest = max(len(cluster.encode("utf-16-be")) // 2 for cluster in clusters(text * 3))
    at = 0
    for segment in plan.segments[:-1]:
        at += len(segment)
        assert at in starts or longest > plan.units_per_segment


@given(tpdus())
def test_tpdus_come_back(tpdu: object) -> None:
    octets = build_tpdu(tpdu)  # type: ignore[arg-type]
    rp = None
    if isinstance(tpdu, SubmitReport | DeliverReport):
        rp = "ack" if tpdu.failure_cause is None else "error"
    pdu = parse_pdu(octets, smsc=False, sent=tpdu.sent, rp=rp)  # type: ignore[attr-defined, arg-type]
    assert pdu.tpdu == tpdu
    assert pdu.trailing == b""


@given(moments)
def test_moments_come_back(moment: datetime) -> None:
    back = parse_timestamp(build_timestamp(moment))
    assert back == moment
    assert back is not None
    assert back.utcoffset() == moment.utcoffset()


@given(st.integers(0, 64 * 604800))
def test_no_validity_ends_too_early(seconds: int) -> None:
    period = RelativeValidity.at_least(seconds)
    assert period.seconds >= min(seconds, 63 * 604800)
    assert period.octet == 0 or RelativeValidity(period.octet - 1).seconds < seconds


@given(st.text(max_size=60))
def test_any_number_is_an_address_or_an_error(text: str) -> None:
    for parse in (Address.parse_number, Address.parse):
        try:
            address = parse(text)
        except PduError:
            continue
        build_tpdu(Submit(address, UserData.of_septets(b"")))


@given(st.binary(max_size=200), st.booleans(), st.sampled_from(["ack", "error", None]))
def test_any_octets_are_a_value_or_an_error(octets: bytes, sent: bool, rp: str | None) -> None:
    fuzz_pdu.check(octets, False, sent, rp)  # type: ignore[arg-type]
    fuzz_pdu.check(octets, True, sent, rp)  # type: ignore[arg-type]


@given(st.text(max_size=60))
def test_any_text_is_a_pdu_or_an_error(text: str) -> None:
    try:
        pdu = parse_pdu(text)
    except PduError:
        return
    assert pdu.octets == bytes.fromhex(text)


@settings(deadline=None)
@given(st.binary(min_size=100, max_size=176))
def test_memory_is_a_small_multiple_of_the_input(octets: bytes) -> None:
    tracemalloc.start()
    try:
        parse_tpdu(octets).text  # type: ignore[union-attr]  # noqa: B018
    except (PduError, AttributeError):
        pass
    finally:
        _, peak_octets = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert peak_octets < 64 * 1024


def test_mutated_pdus() -> None:
    values, longest_s = fuzz_pdu.fuzz(15_000, seed=40)
    assert 3_000 < values < 14_000
    assert longest_s < 1.0
