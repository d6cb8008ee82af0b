"""The dialogue: each case is delivered whole, byte by byte, split at each point, with a URC wedged in, with loss."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from gsmgw.at import commands
from gsmgw.at.commands import Command
from gsmgw.at.dialogue import Dialogue
from gsmgw.at.events import Event, Prompted, Response, Stale, Urc
from gsmgw.at.phase import Phase
from gsmgw.at.result_codes import FinalResult, FinalResultKind
from gsmgw.at.urcs import UrcKind

# TS 23.040 9.2.2.1 with an SMSC address in front: a deliver of 19 octets TPDU.
DELIVER = "07919471060040340409911234F500006210215143408005E8329BFD06"
DELIVER_OCTETS = len(DELIVER) // 2 - 8
REPORT = "07919471060040340600" + "0B911234567890F5" + "62102151434080" + "62102151434080" + "00"
REPORT_OCTETS = len(REPORT) // 2 - 8

OK = FinalResult(FinalResultKind.OK)
ERROR = FinalResult(FinalResultKind.ERROR)


def deliveries(data: bytes) -> Iterator[list[bytes]]:
    """The same bytes in every portioning that matters."""
    yield [data]
    yield [data[at : at + 1] for at in range(len(data))]
    for at in range(1, len(data)):
        yield [data[:at], data[at:]]


def converse(command: Command, portions: list[bytes]) -> tuple[list[Event], Dialogue]:
    dialogue = Dialogue()
    assert dialogue.start(command) == command.text.encode() + b"\r"
    events = [event for portion in portions for event in dialogue.feed(portion)]
    return events, dialogue


def lines(*texts: str) -> bytes:
    return b"".join(b"\r\n" + text.encode("latin-1") + b"\r\n" for text in texts)


CASES: list[tuple[str, Command, bytes, Response]] = [
    ("ok", commands.AT, lines("OK"), Response(OK, [], [])),
    ("echo", commands.AT, b"AT\r" + lines("OK"), Response(OK, [], [])),
    (
        "echo and CR CR LF",
        commands.SIGNAL,
        b"AT+CSQ\r\r\n+CSQ: 18,99\r\r\n\r\nOK\r\n",
        Response(OK, ["+CSQ: 18,99"], []),
    ),
    ("numeric", commands.AT, b"0\r", Response(OK, [], [])),
    ("numeric error", commands.PDU_MODE, b"AT+CMGF=0\r4\r", Response(ERROR, [], [])),
    ("NUL in front", commands.AT, b"\0\0\r\nO\0K\r\n", Response(OK, [], [])),
    ("noise in front", commands.AT, b"\xff\xff\r\n\xffOK\r\n", Response(OK, [], [])),
    ("blank in front", commands.MANUFACTURER, lines(" WAVECOM MODEM", "OK"), Response(OK, ["WAVECOM MODEM"], [])),
    ("CME", commands.SIGNAL, lines("+CME ERROR: 10"), Response(FinalResult(FinalResultKind.CME, 10, "10"), [], [])),
    (
        "CME text",
        commands.SIGNAL,
        lines("+CME ERROR: SIM not inserted"),
        Response(FinalResult(FinalResultKind.CME, 10, "SIM not inserted"), [], []),
    ),
    (
        "CMS text",
        commands.read_message(1),
        lines("+CMS ERROR: Network Timeout"),
        Response(FinalResult(FinalResultKind.CMS, 332, "Network Timeout"), [], []),
    ),
    (
        # Captured forms in ModemManager's tests: an error code may be missing.
        "CMS empty",
        commands.read_message(1),
        b"\r\n+CMS ERROR: \r\n",
        Response(FinalResult(FinalResultKind.CMS, None, ""), [], []),
    ),
    (
        # Huawei E1752, python-gsmmodem's fake modems.
        "not supported",
        commands.vendor("AT+WIND?"),
        lines("COMMAND NOT SUPPORT"),
        Response(FinalResult(FinalResultKind.ERROR, text="COMMAND NOT SUPPORT"), [], []),
    ),
    ("OK as a word", commands.MODEL, lines("OK MODEM", "OK"), Response(OK, ["OK MODEM"], [])),
    ("no prefix", commands.IMEI, lines("350000000000014", "OK"), Response(OK, ["350000000000014"], [])),
    (
        "read",
        commands.read_message(3),
        lines(f'+CMGR: 0,"",{DELIVER_OCTETS}') + DELIVER.encode() + b"\r\n" + lines("OK"),
        Response(OK, [], [(f'+CMGR: 0,"",{DELIVER_OCTETS}', DELIVER)]),
    ),
    (
        "read with a quote behind",  # gammu tests/at-sms
        commands.read_message(3),
        lines(f"+CMGR: 0,,{DELIVER_OCTETS}", DELIVER + '"', "OK"),
        Response(OK, [], [(f"+CMGR: 0,,{DELIVER_OCTETS}", DELIVER)]),
    ),
    (
        "read on one line",  # ModemManager test-modem-helpers.c
        commands.read_message(3),
        lines(f"+CMGR: 0,,{DELIVER_OCTETS} {DELIVER}", "OK"),
        Response(OK, [], [(f"+CMGR: 0,,{DELIVER_OCTETS}", DELIVER)]),
    ),
    ("read an empty place", commands.read_message(3), lines("OK"), Response(OK, [], [])),
    (
        "list",
        commands.LIST_ALL,
        lines(f"+CMGL: 0,1,,{DELIVER_OCTETS}", DELIVER, f"+CMGL: 17,3,{REPORT_OCTETS}", REPORT, "+CMGL: 18,0,,9", "OK"),
        Response(
            OK,
            ["+CMGL: 18,0,,9"],
            [(f"+CMGL: 0,1,,{DELIVER_OCTETS}", DELIVER), (f"+CMGL: 17,3,{REPORT_OCTETS}", REPORT)],
        ),
    ),
    (
        "glued error",  # asterisk-chan-dongle at_response.c:44
        commands.OWN_NUMBER,
        lines('ERROR+CNUM: "","+4917",145', "OK"),
        Response(OK, ['+CNUM: "","+4917",145'], []),
    ),
]


@pytest.mark.parametrize(("command", "data", "answer"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
class TestAnswers:
    def test_every_portioning(self, command: Command, data: bytes, answer: Response) -> None:
        for portions in deliveries(data):
            events, dialogue = converse(command, portions)
            assert events == [answer], portions
            assert dialogue.phase is Phase.IDLE

    def test_with_a_urc_at_each_line_end(self, command: Command, data: bytes, answer: Response) -> None:
        for match in re.finditer(rb"\r\n", data):
            at = match.end()
            wedged = data[:at] + lines('+CMTI: "SM",3') + data[at:]
            events, _ = converse(command, [wedged])
            assert answer in events
            assert Urc(UrcKind.STORED, '+CMTI: "SM",3') in events

    def test_with_a_two_line_urc_in_front_and_behind(self, command: Command, data: bytes, answer: Response) -> None:
        urc = lines(f"+CDS: {REPORT_OCTETS}", REPORT)
        events, _ = converse(command, [urc + data + urc])
        assert events.count(Urc(UrcKind.REPORT, f"+CDS: {REPORT_OCTETS}", REPORT)) == 2
        assert answer in events

    def test_trailing_data_waits(self, command: Command, data: bytes, answer: Response) -> None:
        events, dialogue = converse(command, [data + b'\r\n+CM|TI: "SM",3'.replace(b"|", b"")])
        assert events == [answer]
        assert dialogue.feed(b"4\r\n") == [Urc(UrcKind.STORED, '+CMTI: "SM",34')]

    def test_loss_of_any_byte_never_confuses_the_next_command(
        self, command: Command, data: bytes, answer: Response
    ) -> None:
        for at in range(len(data)):
            events, dialogue = converse(command, [data[:at] + data[at + 1 :]])
            if dialogue.phase is not Phase.IDLE:
                dialogue.abandon()
            events = dialogue.feed(lines("OK"))
            assert not [event for event in events if isinstance(event, Response)]
            dialogue.settled()
            dialogue.start(commands.SIGNAL)
            assert dialogue.feed(lines("+CSQ: 7,0", "OK")) == [Response(OK, ["+CSQ: 7,0"], [])]


PROMPTS = {
    "standard": b"\r\n> ",
    "no blank": b"\r\n>",
    "a line": b"\r\n>\r\n",  # SIM7670G, gammu issue 1176
    "bare": b">",
    "doubled": b"\r\n\r\n> ",
    "behind the echo": b"AT+CMGS=19\r\r\n> ",
}
PAYLOAD = b"0001000C91947121436587000005E8329BFD06"


@pytest.mark.parametrize("prompt", PROMPTS.values(), ids=PROMPTS)
@pytest.mark.parametrize("echo", [b"", PAYLOAD + b"\x1a", PAYLOAD + b"\x1a\r\n", b"> " + PAYLOAD + b"\r\n"])
def test_a_message_is_sent(prompt: bytes, echo: bytes) -> None:
    command = commands.send_message(19)
    result = echo + lines("+CMGS: 44", "OK")
    for before in deliveries(prompt):
        events, dialogue = converse(command, before)
        assert events == [Prompted()], before
        assert dialogue.payload(PAYLOAD) == PAYLOAD + b"\x1a"
    for after in deliveries(result):
        _, dialogue = converse(command, [prompt])
        dialogue.payload(PAYLOAD)
        found = [event for portion in after for event in dialogue.feed(portion)]
        assert found == [Response(OK, ["+CMGS: 44"], [], payload_sent=True)], after


def test_urcs_around_the_prompt_and_the_result() -> None:
    command = commands.send_message(19)
    news = Urc(UrcKind.STORED, '+CMTI: "ME",1')
    report = Urc(UrcKind.REPORT, f"+CDS: {REPORT_OCTETS}", REPORT)
    events, dialogue = converse(command, [lines('+CMTI: "ME",1') + b"\r\n> " + lines('+CMTI: "ME",1')])
    assert events == [news, Prompted(), news]
    dialogue.payload(PAYLOAD)
    events = dialogue.feed(lines(f"+CDS: {REPORT_OCTETS}", REPORT, '+CMTI: "ME",1', "+CMGS: 44", '+CMTI: "ME",1', "OK"))
    assert events == [report, news, news, Response(OK, ["+CMGS: 44"], [], payload_sent=True)]


def test_a_refusal_before_the_prompt_is_no_sent_payload() -> None:
    events, _ = converse(commands.send_message(300), [lines("+CMS ERROR: 304")])
    assert events == [Response(FinalResult(FinalResultKind.CMS, 304, "304"), [], [], payload_sent=False)]


def test_a_stray_ok_before_the_prompt_is_no_answer() -> None:
    events, _ = converse(commands.send_message(19), [lines("OK") + b"\r\n> "])
    assert events == [Prompted()]


def test_a_late_answer_is_stale_and_told() -> None:
    _, dialogue = converse(commands.send_message(19), [b"\r\n> "])
    dialogue.payload(PAYLOAD)
    assert dialogue.abandon() == b"\x1b"
    events = dialogue.feed(lines('+CMTI: "SM",1', "+CMGS: 44", "OK"))
    assert events == [Urc(UrcKind.STORED, '+CMTI: "SM",1'), Stale("+CMGS: 44"), Stale("OK", OK)]
    dialogue.settled()
    dialogue.start(commands.SIGNAL)
    assert dialogue.feed(lines("+CSQ: 7,0", "OK")) == [Response(OK, ["+CSQ: 7,0"], [])]


def test_a_late_read_answer_is_no_news_of_registration() -> None:
    _, dialogue = converse(commands.registration("CREG"), [])
    assert dialogue.abandon() == b""
    assert dialogue.feed(lines("+CREG: 2,1", "OK")) == [Stale("+CREG: 2,1"), Stale("OK", OK)]


def test_a_second_command_in_flight_is_a_programming_error() -> None:
    _, dialogue = converse(commands.AT, [])
    with pytest.raises(RuntimeError):
        dialogue.start(commands.AT)
    with pytest.raises(RuntimeError):
        dialogue.payload(PAYLOAD)


def test_a_urc_stands_between_header_and_pdu_of_another() -> None:
    read = lines(f"+CMGR: 0,,{DELIVER_OCTETS}", f"+CDS: {REPORT_OCTETS}", "RING", REPORT, DELIVER, "OK")
    events, _ = converse(commands.read_message(1), [read])
    assert events == [
        Urc(UrcKind.CALL, "RING"),
        Urc(UrcKind.REPORT, f"+CDS: {REPORT_OCTETS}", REPORT),
        Response(OK, [], [(f"+CMGR: 0,,{DELIVER_OCTETS}", DELIVER)]),
    ]


@pytest.mark.parametrize(
    ("data", "kind", "text"),
    [
        (b'\r\n+CUSD: 0,"two\r\nlines, and a comma",15\r\n', UrcKind.USSD, '+CUSD: 0,"two\nlines, and a comma",15'),
        (b"\r\n+CUSD: 5\r\n", UrcKind.USSD, "+CUSD: 5"),
        (b"\r\nRDY\r\n", UrcKind.RESET, "RDY"),
        (b'\r\n^SMMEMFULL: "SM"\r\n', UrcKind.FULL, '^SMMEMFULL: "SM"'),
        (b"\r\n+SMS FULL\r\n", UrcKind.FULL, "+SMS FULL"),
        (b'\r\n_OWANCALL: 1, 1+CMTI: "SM",3\r\n', UrcKind.STORED, '+CMTI: "SM",3'),  # Option: no line end
        (b"\r\nNO CARRIER\r\n", UrcKind.CALL, "NO CARRIER"),
        (b"\r\n+CREG: 1\r\n", UrcKind.REGISTRATION, "+CREG: 1"),
        (b"\r\n^NOVELTY: 1\r\n", UrcKind.UNKNOWN, "^NOVELTY: 1"),
    ],
)
def test_urcs_while_idle_and_in_an_answer(data: bytes, kind: UrcKind, text: str) -> None:
    for portions in deliveries(data):
        dialogue = Dialogue()
        assert [event for portion in portions for event in dialogue.feed(portion)] == [Urc(kind, text)]
    events, _ = converse(commands.SIGNAL, [lines("+CSQ: 18,99") + data + lines("OK")])
    assert events == [Urc(kind, text), Response(OK, ["+CSQ: 18,99"], [])]


def test_noise_of_the_profile_is_told_apart() -> None:
    dialogue = Dialogue()
    dialogue.noise = frozenset({"^RSSI:"})
    assert dialogue.feed(lines("^RSSI:14")) == [Urc(UrcKind.NOISE, "^RSSI:14")]


def test_vendor_noise_never_becomes_the_name_of_the_maker() -> None:
    events, _ = converse(commands.MANUFACTURER, [lines("^RSSI:14", "Huawei", "^BOOT:35323129,0,0,0,26", "OK")])
    assert events[-1] == Response(OK, ["Huawei"], [])


def test_a_flood_without_line_ends_is_bounded_and_ends() -> None:
    dialogue = Dialogue()
    dialogue.start(commands.SIGNAL)
    for _ in range(1000):
        assert dialogue.feed(b"x" * 1000) == []
    assert dialogue.feed(lines("", "+CSQ: 7,0", "OK")) == [Response(OK, ["+CSQ: 7,0"], [])]


def test_an_endless_answer_is_bounded() -> None:
    dialogue = Dialogue()
    dialogue.start(commands.vendor("AT+CLAC"))
    for _ in range(6000):
        dialogue.feed(b"AT+X\r\n")
    (answer,) = dialogue.feed(lines("OK"))
    assert isinstance(answer, Response)
    assert len(answer.lines) == 4000


def test_a_pin_is_not_shown() -> None:
    assert "1234" not in commands.enter_pin("1234").shown


def framed(text: str) -> bytes:
    """A URC whose text has line ends, as a modem writes it."""
    return f"\r\n{text}\r\n".replace("\r\n", "\n").replace("\n", "\r\n").encode("latin-1")


class TestUssdText:
    """A text in quotes ends by its closing quotation mark, whatever stands in it (27.007 7.15), or after some time."""

    def read(self, data: bytes, command: Command | None = None) -> tuple[Dialogue, list[Event]]:
        dialogue = Dialogue()
        if command is not None:
            dialogue.start(command)
        return dialogue, dialogue.feed(data)

    def test_a_quotation_mark_within_the_text(self) -> None:
        line = '+CUSD: 0,"TV 32" for 99",15'
        assert self.read(lines(line))[1] == [Urc(UrcKind.USSD, line)]
        line = '+CUSD: 0,"TV 32" for 99"'
        assert self.read(lines(line))[1] == [Urc(UrcKind.USSD, line)]

    @pytest.mark.parametrize("word", ["OK", "ERROR", "BUSY", "NO CARRIER", "RING", "AT", 'a "quoted" word'])
    def test_words_of_the_modem_within_the_text(self, word: str) -> None:
        text = f'+CUSD: 1,"1 Balance\n{word}\n2 Offers",15'
        dialogue, events = self.read(framed(text))
        assert events == [Urc(UrcKind.USSD, text)]
        assert not dialogue.has_open_text

    def test_the_final_result_of_the_request_comes_after_the_text(self) -> None:
        text = '+CUSD: 0,"press\nOK",15'
        _, events = self.read(framed(text) + lines("OK"), commands.ussd("*100#", 15))
        assert events == [Urc(UrcKind.USSD, text), Response(OK, [], [])]

    def test_a_text_without_an_end_ends_by_time_and_costs_no_response(self) -> None:
        dialogue, events = self.read(
            framed('+CUSD: 0,"never closed\nsecond') + lines("+CSQ: 7,0", "OK"), commands.SIGNAL
        )
        assert events == []
        assert dialogue.has_open_text
        assert dialogue.end_text() == [
            Urc(UrcKind.USSD, '+CUSD: 0,"never closed\nsecond'),
            Response(OK, ["+CSQ: 7,0"], []),
        ]
        assert not dialogue.has_open_text

    def test_a_urc_between_the_lines_is_not_part_of_the_text(self) -> None:
        _, events = self.read(framed('+CUSD: 0,"one\n+CMTI: "SM",3\ntwo",15'))
        assert events == [Urc(UrcKind.STORED, '+CMTI: "SM",3'), Urc(UrcKind.USSD, '+CUSD: 0,"one\ntwo",15')]

    def test_an_escape_within_the_text_is_no_echo_of_a_payload(self) -> None:
        dialogue = Dialogue()
        dialogue.start(commands.send_message(18))
        line = '+CUSD: 0,"12,50\x1be",15'
        assert dialogue.feed(lines(line)) == [Urc(UrcKind.USSD, line)]

    @pytest.mark.parametrize("end", ["\r\n", "\n", "\r\r\n", "\r"])
    @pytest.mark.parametrize("text", ["one\n\ntwo", "one\n\n\ntwo\nthree", "\none", "OK\n\nERROR\n\n1"])
    def test_empty_lines_within_the_text(self, text: str, end: str) -> None:
        data = b"\r\n" + f'+CUSD: 0,"{text}",15'.replace("\n", end).encode() + b"\r\n"
        for portions in deliveries(data):
            dialogue = Dialogue()
            events = [event for portion in portions for event in dialogue.feed(portion)]
            assert events == [Urc(UrcKind.USSD, f'+CUSD: 0,"{text}",15')]

    @pytest.mark.parametrize("line", ["+CMTI: soon", "+CREG: now", "RING", "+CMT: bring it", "+CUSD: what", "OK"])
    def test_what_has_only_the_name_of_a_urc_is_part_of_the_text(self, line: str) -> None:
        text = f'+CUSD: 0,"one\n{line}\ntwo",15'
        assert self.read(framed(text))[1] == [Urc(UrcKind.USSD, text)]

    def test_an_ok_without_a_command_is_part_of_a_text_that_never_ends(self) -> None:
        dialogue, _ = self.read(framed('+CUSD: 0,"one\nOK\ntwo'))
        assert dialogue.end_text() == [Urc(UrcKind.USSD, '+CUSD: 0,"one\nOK\ntwo')]

    def test_nul_is_a_character_of_a_text_and_noise_elsewhere(self) -> None:
        data = b'\0\r\n\0\xff+CUSD: 0,"a\0b\r\nc\0d",15\r\n\r\n+CM\0TI: "S\0M",3\r\n'
        assert self.read(data)[1] == [
            Urc(UrcKind.USSD, '+CUSD: 0,"a\0b\nc\0d",15'),
            Urc(UrcKind.STORED, '+CMTI: "SM",3'),
        ]
        _, events = self.read(b'\r\n+COPS: 0,0,"\0Net\0"\r\n\r\nO\0K\r\n', commands.OPERATOR)
        assert events == [Response(OK, ['+COPS: 0,0,"\0Net\0"'], [])]
