"""Choosing an alphabet, cutting a text, preview."""

from __future__ import annotations

import pytest

from gsmgw.pdu import (
    Alphabet,
    Concat,
    Element,
    PduError,
    Ports,
    TextPlan,
    UserData,
    join_data,
    join_text,
    missing,
    plan_text,
)
from gsmgw.pdu.alphabet import DEFAULT, decode_ucs2, encode_ucs2, units_ucs2
from gsmgw.pdu.alphabet import gsm7 as gsm7_of
from gsmgw.pdu.clusters import clusters
from gsmgw.pdu.septets import pack, unpack
from gsmgw.pdu.tables import LANGUAGES
from gsmgw.pdu.transliteration import TYPOGRAPHIC


def test_preview_of_a_short_text() -> None:
    plan = plan_text("Hello {you}")
    assert (plan.encoding, plan.segment_count) == (Alphabet.GSM7, 1)
    assert (plan.units_used, plan.units_left, plan.units_per_segment) == (13, 147, 160)
    assert plan.forcing == ()


def test_preview_of_what_needs_ucs2() -> None:
    plan = plan_text("Zażółć gęślą jaźń")
    assert plan.encoding is Alphabet.UCS2
    assert (plan.units_used, plan.units_left) == (17, 53)
    assert "".join(plan.forcing) == "żółćęśąźń"


def test_surrogate_pairs_count_two() -> None:
    plan = plan_text("😀" * 3)
    assert (plan.units_used, plan.units_left) == (6, 64)


@pytest.mark.parametrize(
    ("text", "bits", "capacities"),
    [
        ("a" * 160, 8, [160]),
        ("a" * 161, 8, [153, 8]),
        ("a" * 161, 16, [152, 9]),
        ("Ж" * 70, 8, [70]),
        ("Ж" * 71, 8, [67, 4]),
        ("Ж" * 71, 16, [66, 5]),
        ("[" * 80, 8, [80]),
        ("[" * 81, 8, [76, 5]),
        ("😀" * 36, 8, [33, 3]),
        ("😀" * 36, 16, [33, 3]),
    ],
)
def test_where_segments_end(text: str, bits: int, capacities: list[int]) -> None:
    plan = plan_text(text, reference_bits=bits)
    assert [len(segment) for segment in plan.segments] == capacities
    assert "".join(plan.segments) == text
    assert plan.segment_count == len(capacities)


def test_units_of_a_long_text() -> None:
    plan = plan_text("a" * 161)
    assert (plan.units_used, plan.units_per_segment, plan.units_left) == (161, 153, 145)
    plan = plan_text("Ж" * 71, reference_bits=16)
    assert (plan.units_used, plan.units_per_segment, plan.units_left) == (71, 66, 61)


@pytest.mark.parametrize(
    ("header", "gsm7", "ucs2"),
    [
        ((Ports(2948, 9200).element(),), 152, 66),
        ((Ports(1, 2, 8).element(),), 154, 67),
        ((Element(0x70, b""), Element(0x22, b"\x04\x91\x21\x43")), 149, 65),
    ],
)
def test_room_behind_a_header(header: tuple[Element, ...], gsm7: int, ucs2: int) -> None:
    assert plan_text("a" * gsm7, header=header).segment_count == 1
    assert plan_text("a" * (gsm7 + 1), header=header).segment_count == 2
    assert plan_text("Ж" * ucs2, header=header).segment_count == 1
    assert plan_text("Ж" * (ucs2 + 1), header=header).segment_count == 2
    assert plan_text("a", header=header).user_data()[0].elements == header
    parts = plan_text("a" * 200, header=header).user_data(7)
    assert [part.elements for part in parts] == [
        (Concat(7, 2, 1).element(), *header),
        (Concat(7, 2, 2).element(), *header),
    ]
    assert all(len(part.octets) <= 140 for part in parts)


def test_a_header_that_leaves_no_room() -> None:
    header = (Element(0x70, b"x" * 136),)
    assert plan_text("", header=header).segment_count == 1
    with pytest.raises(PduError, match="no room"):
        plan_text("abcd", header=header)


def test_explicit_alphabets() -> None:
    assert plan_text("plain", alphabet="ucs2").encoding is Alphabet.UCS2
    assert plan_text("plain", alphabet="gsm7").encoding is Alphabet.GSM7
    with pytest.raises(PduError, match="lacks ł ż") as caught:
        plan_text("ała żyła", alphabet="gsm7")
    assert (caught.value.field, caught.value.offset) == ("text", None)


def test_an_escape_in_the_text_is_no_escape() -> None:
    assert plan_text("a\x1bb").encoding is Alphabet.UCS2
    assert missing("a\x1bb\x00`") == ("\x1b", "\x00", "`")


def test_too_many_segments() -> None:
    assert plan_text("a" * 153 * 3, max_segments=3).segment_count == 3
    with pytest.raises(PduError, match="takes 4 segments, 3 are allowed"):
        plan_text("a" * (153 * 3 + 1), max_segments=3)
    with pytest.raises(PduError, match="takes 256 segments, 255 are allowed"):
        plan_text("a" * (153 * 255 + 1), max_segments=1000)


@pytest.mark.parametrize("bits", [0, 7, 32])
def test_impossible_reference_sizes(bits: int) -> None:
    with pytest.raises(PduError, match="8 or 16 bits"):
        plan_text("a" * 161, reference_bits=bits)


def test_user_data_of_parts() -> None:
    plan = plan_text("a" * 161)
    first, second = plan.user_data(0xCE)
    assert first.octets[:6].hex() == "050003ce0201"
    assert second.octets[:6].hex() == "050003ce0202"
    assert (first.length, second.length) == (160, 15)
    assert (first.header_octets, first.concat) == (6, Concat(0xCE, 2, 1))
    wide = plan_text("a" * 161, reference_bits=16).user_data(0xCAFE)
    assert wide[0].octets[:7].hex() == "060804cafe0201"
    with pytest.raises(PduError, match="256 does not fit 8 bits"):
        plan.user_data(256)
    with pytest.raises(PduError, match="-1 does not fit 8 bits"):
        plan.user_data(-1)


# -- national languages ------------------------------------------------------------------------------------------------


def test_national_tables_only_when_allowed() -> None:
    text = "Şimdi geliyorum, ğ ve ı"
    assert plan_text(text).encoding is Alphabet.UCS2
    plan = plan_text(text, national=[1])
    assert plan.encoding is Alphabet.GSM7
    assert plan.languages == (1, 0)
    assert plan.forcing == ("Ş", "ğ", "ı")
    (user_data,) = plan.user_data()
    assert user_data.elements == (Element(0x25, b"\x01"),)
    assert user_data.text == text


def test_the_default_alphabet_stays_the_default() -> None:
    plan = plan_text("plain text", national=list(LANGUAGES))
    assert plan.languages == (0, 0)


def test_a_single_shift_when_it_is_shorter() -> None:
    # Á is in the Spanish single shift table and in no other of these; ñ needs no shift
    plan = plan_text("Árbol, niño", national=[2])
    assert (plan.languages, plan.units_used) == ((0, 2), 12)


def test_both_tables_when_both_are_needed() -> None:
    text = "∞ só na tabela principal, Φ só na outra"  # ∞ is in the locking table only, Φ in the single shift table
    plan = plan_text(text, national=[3])
    assert plan.languages == (3, 3)
    assert plan.user_data()[0].text == text
    assert plan.user_data()[0].elements == (Element(0x25, b"\x03"), Element(0x24, b"\x03"))


def test_the_fewest_segments_win() -> None:
    # 160 characters with a few Turkish ones: two segments with a locking table, three in UCS-2
    text = ("ğ" + "a" * 9) * 16
    plan = plan_text(text, national=[1])
    assert (plan.encoding, plan.segment_count) == (Alphabet.GSM7, 2)
    # 155 septets are left behind one language element, 152 behind two, 149 and 146 in parts (23.040 9.2.3.24.15)
    assert plan_text("ğ" * 155, national=[1]).segment_count == 1
    assert plan_text("ğ" * 156, national=[1]).units_per_segment == 149
    assert plan_text("∞Φ" * 50 + "aa", national=[3]).units_left == 0
    assert plan_text("∞Φ" * 50 + "aaa", national=[3]).units_per_segment == 146


def test_default_alphabet_against_a_shorter_national_table() -> None:
    # € takes two septets in the default alphabet and one in the Turkish locking table
    text = "€" * 90
    assert plan_text(text).segment_count == 2
    plan = plan_text(text, national=[1])
    assert (plan.languages, plan.segment_count) == ((1, 0), 1)


def test_ucs2_when_no_shorter() -> None:
    assert plan_text("ж ğ", national=[1]).encoding is Alphabet.UCS2


def test_unknown_languages() -> None:
    for language in (0, 14, -1):
        with pytest.raises(PduError, match="not a national language"):
            plan_text("ğ", national=[language])


# -- transliteration ---------------------------------------------------------------------------------------------------


def test_transliteration_is_off_by_default() -> None:
    plan = plan_text("“Hello”")
    assert (plan.encoding, plan.text, plan.transliterated) == (Alphabet.UCS2, "“Hello”", ())


def test_transliteration_is_shown() -> None:
    plan = plan_text("“Hello” – it’s…", transliterate=True)
    assert (plan.encoding, plan.text) == (Alphabet.GSM7, '"Hello" - it\'s...')
    assert plan.transliterated == (("“", '"'), ("”", '"'), ("–", "-"), ("’", "'"), ("…", "..."))
    assert plan.segments == (plan.text,)


def test_transliteration_only_where_it_saves_ucs2() -> None:
    plan = plan_text("„Привет“", transliterate=True)
    assert (plan.text, plan.transliterated) == ("„Привет“", ())
    plan = plan_text("ğ – “x”", transliterate=True, national=[1])
    assert (plan.text, plan.encoding) == ('ğ - "x"', Alphabet.GSM7)
    assert plan_text("“x”", transliterate=True, alphabet="ucs2").text == "“x”"
    with pytest.raises(PduError, match="lacks ł"):
        plan_text("ł", transliterate=True, alphabet="gsm7")


def test_combining_marks_are_composed() -> None:
    plan = plan_text("Gru\u0308ße", transliterate=True)
    assert (plan.text, plan.encoding) == ("Grüße", Alphabet.GSM7)
    assert plan.transliterated == (("\u0308", ""),)


def test_every_replacement_can_be_sent() -> None:
    for char, replacement in TYPOGRAPHIC.items():
        assert len(char) == 1
        assert missing(char) == (char,), f"{char!r} needs no replacement"
        assert missing(replacement) == ()


# -- where a text may be cut -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "whole",
    [
        "e\u0301",  # combining acute
        "a\u0308\u0323",
        "👍🏽",  # skin tone
        "❤️",  # variation selector
        "👨‍👩‍👧‍👦",  # joiners
        "🏳️‍🌈",
        "🇩🇪",  # regional indicators
        "1️⃣",  # keycap
        "🏴󠁧󠁢󠁳󠁣󠁴󠁿",  # tags
        "\u1100\u1161\u11a8",  # Hangul of conjoining letters
        "가\u11a8",  # a syllable and a last consonant
        "क्ष",  # a virama binds
        "कि",  # vowel sign
        "நி",
        "กำ"[0] + "\u0e34",  # Thai vowel above
    ],
)
def test_what_a_reader_sees_as_one_is_not_cut(whole: str) -> None:
    assert clusters(whole) == [whole]
    assert clusters("x" + whole + "y") == ["x", whole, "y"]
    text = "Ж" * 66 + whole + "Ж" * 10
    plan = plan_text(text)
    assert plan.segments[0] == "Ж" * 66
    assert "".join(plan.segments) == text


@pytest.mark.parametrize("text", ["ab", "Ωж", "你好", "🇩🇪🇫🇷"[:2] + "🇫🇷", "👍👍", "가각", "\r\u0301"[:1] + "\n", "1️2️"])
def test_what_may_be_cut(text: str) -> None:
    assert len(clusters(text)) == 2
    assert "".join(clusters(text)) == text


def test_three_flags_in_a_row() -> None:
    assert clusters("🇩🇪🇫🇷🇮🇹") == ["🇩🇪", "🇫🇷", "🇮🇹"]
    assert clusters("🇩🇪🇫") == ["🇩🇪", "🇫"]
    assert clusters("🇩x🇪") == ["🇩", "x", "🇪"]


def test_a_mark_that_stands_first() -> None:
    assert clusters("\u0301a") == ["\u0301", "a"]
    assert clusters("\n\u0301") == ["\n", "\u0301"]


def test_a_character_longer_than_a_segment() -> None:
    monster = "e" + "\u0301" * 100
    plan = plan_text("Ж" * 10 + monster)
    assert plan.segment_count == 2
    assert [len(segment) for segment in plan.segments] == [67, 44]
    assert "".join(plan.segments) == "Ж" * 10 + monster


def test_cutting_between_characters_when_clusters_take_too_many_segments() -> None:
    text = ("Ж" * 66 + "e\u0301") * 2  # 136 units: three segments when the accents stay, three at the least
    assert plan_text(text, max_segments=3).segment_count == 3
    text = "Ж" * 66 + "e\u0301" + "Ж" * 66  # 134 units fit two segments only when the accent is cut off
    assert plan_text(text).segment_count == 3
    plan = plan_text(text, max_segments=2)
    assert plan.segment_count == 2
    assert plan.segments[1].startswith("\u0301")


def test_linear_time_for_long_texts() -> None:
    for text in ("[" * 19000, "a€" * 12000, "e\u0301" * 8000, "😀" * 8000, "\u200d" * 16000, "🇩🇪" * 4000):
        assert "".join(plan_text(text).segments) == text


# -- parts of others ---------------------------------------------------------------------------------------------------


def test_parts_that_cut_a_pair_apart() -> None:
    elements = [(Concat(1, 2, number).element(),) for number in (1, 2)]
    gsm7 = [UserData.of_septets(b"\x41\x1b", elements[0]), UserData.of_septets(b"\x65\x42", elements[1])]
    assert [part.text for part in gsm7] == ["A ", "eB"]
    assert join_text(gsm7) == "A€B"
    octets = "a😀b".encode("utf-16-be")
    ucs2 = [
        UserData.of_octets(octets[:4], elements[0], alphabet=Alphabet.UCS2),
        UserData.of_octets(octets[4:], elements[1], alphabet=Alphabet.UCS2),
    ]
    assert [part.text for part in ucs2] == ["a\ufffd", "\ufffdb"]
    assert join_text(ucs2) == "a😀b"


def test_parts_in_different_alphabets() -> None:
    parts = [
        UserData.of_septets(b"abc"),
        UserData.of_octets("жук".encode("utf-16-be"), alphabet=Alphabet.UCS2),
        UserData.of_septets(b"\x0c", (Element(0x25, b"\x01"),)),
        UserData.of_septets(b"\x0c", (Element(0x25, b"\x03"),)),
    ]
    assert join_text(parts) == "abcжукğô"
    assert join_text([]) == ""


def test_parts_of_data() -> None:
    parts = [UserData.of_octets(b"ab"), UserData.of_octets(b"cd", (Ports(1, 2).element(),))]
    assert join_data(parts) == b"abcd"
    assert [part.data for part in parts] == [b"ab", b"cd"]
    assert parts[1].ports == Ports(1, 2)
    with pytest.raises(PduError, match="8-bit data"):
        join_text(parts)


@pytest.mark.parametrize("fill", [0, 1, 6])
def test_long_runs_of_septets(fill: int) -> None:
    for count in (0, 1, 2, 3, 127, 128, 129, 160, 255, 256, 257, 511, 512, 513, 769):
        septets = bytes(number * 37 % 128 for number in range(count))
        expected = sum(septet << 7 * number for number, septet in enumerate(septets)) << fill
        octets = pack(septets, fill)
        assert octets == expected.to_bytes((7 * count + fill + 7) // 8, "little")
        assert unpack(octets, count, fill) == septets
        assert unpack(octets + b"\xff\xff", count, fill) == septets
    assert unpack(b"\xff", 0) == unpack(b"\xff", -1) == b""
    assert unpack(b"\x7f", 1) == b"\x7f"
    assert unpack(b"", 2) == b"\0\0"
    assert pack(b"\xff\x80") == b"\x7f\0"


def test_characters_that_are_none() -> None:
    assert DEFAULT.decode(b"a\x80\xff") == "a\ufffd\ufffd"
    assert encode_ucs2("a\ud800b\udfffc\ue000\ud7ff").hex() == "0061fffd0062fffd0063e000d7ff"
    assert decode_ucs2(b"\0a\0") == "a"
    assert [units_ucs2(text) for text in ("", "\uffff", "\U00010000", "a😀")] == [0, 1, 2, 3]
    plan = plan_text("x\ud83d", alphabet="ucs2")
    assert plan.user_data()[0].text == "x\ufffd"


def test_which_of_equals_is_taken() -> None:
    # "ğa": two septets behind a locking shift, three behind a single shift, seven octets either way
    assert plan_text("ğa", national=[1], alphabet="gsm7").languages == (0, 1)
    # "ğaaa": eight octets with a locking shift and in UCS-2
    assert plan_text("ğaaa", national=[1]).languages == (1, 0)
    # what fits one segment of the default alphabet stays there, shorter or not
    assert plan_text("€" * 20, national=[1]).languages == (0, 0)
    assert plan_text("€" * 20, national=[1], header=[Ports(1, 2).element()]).languages == (0, 0)
    assert plan_text("ж" * 80, national=[1]).languages == (0, 0)


def test_the_last_room_behind_a_header() -> None:
    def header(size: int) -> tuple[Element, ...]:
        return (Element(0x70, b"x" * size),)

    assert plan_text("a" * 9, header=header(130)).segments == ("aa", "aa", "aa", "aa", "a")
    with pytest.raises(PduError, match="no room"):
        plan_text("a" * 9, header=header(131))
    assert plan_text("", header=header(137), alphabet="gsm7").units_left == 0
    assert plan_text("", header=header(137), alphabet="ucs2").units_left == 0
    for alphabet in ("gsm7", "ucs2"):
        with pytest.raises(PduError, match="no room"):
            plan_text("", header=header(138), alphabet=alphabet)


def test_defaults() -> None:
    assert TextPlan("x", Alphabet.GSM7, ("x",), (b"x",)).reference_bits == 8
    assert plan_text("a" * 161).user_data()[1].concat == Concat(0, 2, 2)


def test_clusters_as_long_as_a_segment() -> None:
    whole = "e" + "\u0301" * 66
    assert plan_text("Ж" * 10 + whole + "Ж").segments == ("Ж" * 10, whole, "Ж")
    assert [len(segment) for segment in plan_text("e" + "\u0301" * 200).segments] == [67, 67, 67]
    text = ("Ж" * 66 + "e\u0301") * 2
    assert plan_text(text, max_segments=3).segments == ("Ж" * 66, "e\u0301" + "Ж" * 65, "Жe\u0301")


@pytest.mark.parametrize(
    ("first", "second", "one"),
    [
        ("🇦", "🇦", True),
        ("🇿", "🇿", True),
        ("🇿", "\U0001f200", False),
        ("\U0001f1e5", "🇦", False),
        ("a", "\u02ff", False),
        ("a", "\u0300", True),
        ("a", "\u200c", True),
        ("ｶ", "\uff9e", True),
        ("👍", "\U0001f3fa", False),
        ("👍", "\U0001f3fb", True),
        ("👍", "\U0001f3ff", True),
        ("👍", "\U0001f400", False),
        ("🏴", "\U000e0020", True),
        ("🏴", "\U000e007f", True),
        ("🏴", "\U000e001f", False),
        ("🏴", "\U000e0080", False),
        # Hangul: leading consonants 1100-115F, vowels 1160-11A7, trailing consonants 11A8-11FF, syllables AC00-D7A3
        ("\u1100", "\u1100", True),
        ("\u115f", "\u115f", True),
        ("\u115f", "\u1160", True),
        ("\u1100", "\u11a7", True),
        ("\u1100", "\u11a8", False),
        ("\u10ff", "\u1100", False),
        ("\u1100", "\uac00", True),
        ("\u1100", "\ud7a3", True),
        ("\u1100", "\ud7a4", False),
        ("\u1100", "\uabff", False),
        ("\u1160", "\u1100", False),
        ("\u1160", "\u1160", True),
        ("\u11a7", "\u11ff", True),
        ("\u11a7", "\u1200", False),
        ("\u1160", "\u115f", False),
        ("\u11a8", "\u11a8", True),
        ("\u11ff", "\u11ff", True),
        ("\u11ff", "\u11a8", True),
        ("\u11a8", "\u11a7", False),
        ("\u1200", "\u11a8", False),
        ("\uac00", "\u1160", True),
        ("\uac00", "\u11ff", True),
        ("\uac01", "\u11a7", False),
        ("\uac01", "\u11a8", True),
        ("\uac1c", "\u1160", True),
        ("\ud7a3", "\u11a8", True),
        ("\ud7a3", "\u1160", False),
        ("\ud7a4", "\u11a8", False),
        ("\uabff", "\u1160", False),
        ("\u200d", "\u2764", True),
        ("\u200d", "क", True),
        ("\u200d", "a", False),
        ("\u094d", "क", True),
        ("\u094d", "।", False),
    ],
)
def test_pairs(first: str, second: str, one: bool) -> None:
    assert len(clusters(first + second)) == (1 if one else 2)


def test_languages_without_a_table() -> None:
    assert gsm7_of(14, 99).decode(b"\x04\x1b\x53") == "èS"
    assert gsm7_of(2, 0).decode(b"\x04") == "è"  # Spanish has no locking shift table
    assert gsm7_of(0, 0) is DEFAULT
