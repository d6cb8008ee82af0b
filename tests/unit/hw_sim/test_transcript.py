"""Recording, strict replay, and the same seed giving the same transcript."""

from __future__ import annotations

import pytest

from hw_sim import Harness
from hw_sim.transcripts.format import HEADER, TranscriptError, parse_transcript
from hw_sim.transcripts.recording import Recorder
from hw_sim.transcripts.replay import Mismatch, Replay

CAPTURE = f"""{HEADER}
# an AT and a signal query
0.000 > "AT\\r"
0.010 < "AT\\r\\r\\nOK\\r\\n"
0.020 > "AT+CSQ\\r"
0.030 < "\\r\\n+CSQ: 18,99\\r\\n"
0.031 < "\\r\\nOK\\r\\n"
"""


def test_a_replay_says_what_was_recorded_to_what_was_recorded() -> None:
    player = Replay(parse_transcript(CAPTURE))
    assert player.start() == b""
    assert player.feed(b"A") == b""
    assert player.feed(b"T\rAT+C") == b"AT\r\r\nOK\r\n"
    assert player.feed(b"SQ\r") == b"\r\n+CSQ: 18,99\r\n\r\nOK\r\n"
    assert player.finished


@pytest.mark.parametrize("typed", [b"ATI\r", b"AT\rAT+CREG?\r", b"AT\rAT+CSQ\rAT\r"])
def test_a_replay_is_strict(typed: bytes) -> None:
    with pytest.raises(Mismatch):
        Replay(parse_transcript(CAPTURE)).feed(typed)


@pytest.mark.parametrize("line", ["x", '0.0 ? "a"', "0.0 > a", '0.0 > "\u20ac"'])
def test_a_broken_transcript_names_its_line(line: str) -> None:
    with pytest.raises(TranscriptError, match="line 2"):
        parse_transcript(f"# first\n{line}\n")


def conversation(seed: int) -> str:
    """One long dialogue with randomness in the network, the line and the signal."""
    with Harness(seed=seed, timing="real", profile="simcom-sim800", boot=True) as harness:
        recorder = Recorder(now=harness.clock.now)
        harness.modem.on_wire = lambda port, way, data: recorder.add(way, data)
        harness.sim.network.rules.delivery_delay_s = (0.5, 9.0)
        harness.sim.network.rules.report_delay_s = (0.1, 3.0)
        harness.sim.network.rules.duplicate = 0.3
        harness.sim.network.rules.loss = 0.1
        harness.modem.radio.rssi_drift = 2
        harness.wait(10)
        harness.modem.fault("garbage", share=0.2)
        harness.modem.fault("split", most=9)
        for line in ("ATE0", "AT+CMGF=0", "AT+CNMI=2,1,0,1,0"):
            harness.command(line)
            harness.wait(1)
        for number in range(20):
            harness.command("AT+CSQ")
            harness.wait(1)
            harness.command("AT+CMGS=23")
            harness.wait(1)
            harness.type("0031000B916407281553F80000AA0AE8329BFD4697D9EC37\x1a")
            harness.sim.send(from_="+491510000001", to="modem0", text=f"number {number} " * number)
            harness.wait(12)
        return recorder.text()


def test_the_same_seed_gives_the_same_transcript_byte_for_byte() -> None:
    first = conversation(7)
    assert first == conversation(7)
    assert first != conversation(8)
    assert len(first) > 5000


def test_a_recorded_desk_replays() -> None:
    recorder = Recorder()
    with Harness() as harness:
        harness.modem.on_wire = lambda port, way, data: recorder.add(way, data)
        said = harness.command("AT+CSQ") + harness.command("ATE0")
    player = Replay(parse_transcript(recorder.text()))
    assert player.start() + player.feed(b"AT+CSQ\rATE0\r") == said
