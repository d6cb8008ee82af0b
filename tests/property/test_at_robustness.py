"""Whatever a port says, nothing raises, nothing grows without bound, and the next command works."""

from __future__ import annotations

import inspect
import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gsmgw.at import commands, responses
from gsmgw.at.dialogue import Dialogue
from gsmgw.at.events import Response
from gsmgw.at.fields import groups, split_fields
from gsmgw.at.phase import Phase
from gsmgw.at.result_codes import parse_final_result
from gsmgw.modem.services.network_text import decode_text
from gsmgw.modem.tap.transcript import TranscriptRows

#: Pieces that are likely to hurt, between arbitrary bytes.
PIECES = st.one_of(
    st.sampled_from(
        [
            b"\r\n",
            b"\r",
            b"\n",
            b"\0",
            b"\xff",
            b">",
            b"> ",
            b"\x1a",
            b"\x1b",
            b"OK",
            b"ERROR",
            b"+CMS ERROR: ",
            b"+CME ERROR: 9",
            b"+CMGS: 5",
            b'+CMTI: "SM",',
            b"+CMT: ,23",
            b"+CDS: 2",
            b"+CMGR: 0,,19",
            b"+CMGL: 1,1,,19",
            b'+CUSD: 0,"a',
            b'"',
            b",",
            b"0791",
            b"07919471060040340409911234F500006210215143408005E8329BFD06",
            b"AT+CMGS=19",
            b"RDY",
        ]
    ),
    st.binary(max_size=12),
)
COMMANDS = [commands.AT, commands.SIGNAL, commands.MODEL, commands.LIST_ALL, commands.send_message(19)]


@settings(max_examples=400, deadline=None)
@given(st.sampled_from(COMMANDS), st.lists(PIECES, max_size=30), st.integers(0, 3))
def test_a_dialogue_survives_anything(command: commands.Command, pieces: list[bytes], abandon_after: int) -> None:
    dialogue = Dialogue()
    dialogue.start(command)
    for at, piece in enumerate(pieces):
        for event in dialogue.feed(piece):
            assert event is not None
        if dialogue.phase is Phase.PROMPTED:
            dialogue.payload(b"00AA")
        if at == abandon_after and dialogue.phase is not Phase.IDLE:
            dialogue.abandon()
    if dialogue.phase is not Phase.IDLE:
        dialogue.abandon()
    dialogue.feed(b'\r\n"\r\n\r\nOK\r\n')  # whatever was open is closed
    dialogue.settled()
    dialogue.start(commands.SIGNAL)
    events = dialogue.feed(b"\r\n+CSQ: 7,0\r\n\r\nOK\r\n")
    answered = [event for event in events if isinstance(event, Response)]
    assert [answer.lines for answer in answered] == [["+CSQ: 7,0"]]


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=400), st.lists(st.integers(0, 400), max_size=6))
def test_portions_make_no_difference(data: bytes, cuts: list[int]) -> None:
    whole, cut = Dialogue(), Dialogue()
    expected = whole.feed(data)
    places = [0, *sorted(min(place, len(data)) for place in cuts), len(data)]
    found = [event for a, b in itertools.pairwise(places) for event in cut.feed(data[a:b])]
    assert found == expected


PARSERS = [
    function
    for name, function in inspect.getmembers(responses, inspect.isfunction)
    if name.startswith("parse_") and list(inspect.signature(function).parameters) == ["line"]
]


@pytest.mark.parametrize("parse", PARSERS, ids=lambda function: function.__name__)
@settings(max_examples=100, deadline=None)
@given(text=st.text(alphabet=st.characters(max_codepoint=255), max_size=60))
def test_no_parser_raises(parse: object, text: str) -> None:
    assert callable(parse)
    parse(text)
    parse(f"+X: {text}")


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet=st.characters(max_codepoint=255), max_size=60))
def test_nor_does_anything_else(text: str) -> None:
    split_fields(text)
    groups(text)
    parse_final_result(text)
    parse_final_result(f"+CMS ERROR: {text}")
    decode_text(text, 15)
    decode_text(text.encode("latin-1").hex(), None)
    responses.parse_digits([text], "+X:", 3, 5)
    responses.parse_free([text], "+X:")
    responses.parse_tries_left([text])
    responses.parse_registration(text, urc=True)
    responses.parse_registration(text, urc=False)
    for direction in "<>":
        rows = TranscriptRows(masked=True)
        rows.feed(0.0, direction, text.encode("latin-1", "replace"))
        rows.end(0.0)
