"""Transcripts: private, and fit to be shown when masked."""

from __future__ import annotations

from pathlib import Path

from gsmgw.clock import VirtualClock
from gsmgw.modem.transcript import Transcript, format_piece, mask


async def test_a_raw_transcript_is_private_and_holds_no_pin(tmp_path: Path) -> None:
    path = tmp_path / "tap"
    clock = VirtualClock()
    transcript = Transcript(path, clock)
    transcript.note(">", b"AT+CSQ\r")
    await clock.advance(1.5)
    transcript.note("<", b"\r\n+CSQ: 18,99\r\n\r\nOK\r\n")
    transcript.note(">", b'AT+CPIN="4711"\r')
    transcript.note("<", b'AT+CPIN="4711"\r\r\nOK\r\n')
    transcript.close()
    assert path.stat().st_mode & 0o777 == 0o600
    text = path.read_text()
    assert text.splitlines()[:2] == [
        "0.000000 > AT+CSQ\\r",
        "1.500000 < \\r\\n+CSQ: 18,99\\r\\n\\r\\nOK\\r\\n",
    ]
    assert "4711" not in text
    assert "OK" in text.splitlines()[-1]


def test_what_says_something_about_somebody_is_masked() -> None:
    raw = "\n".join(
        format_piece(0.1, direction, said)
        for direction, said in (
            (">", b"00010B911234567890F50000\x1a"),
            ("<", b"\r\n+CMGR: 0,,25\r\n07919471060040340409911234F5\r\n\r\nOK\r\n"),
            ("<", b"\r\n262011234567890\r\n\r\nOK\r\n"),
            ("<", b'\r\n+CLIP: "+491711234567",145,,,,0\r\n'),
            ("<", b'\r\n+CUSD: 0,"Dear Ms Miller",15\r\n'),
            ("<", b'\r\n+CNUM: "Jane","+491711234567",145\r\n'),
            ("<", b"\r\n+CSQ: 18,99\r\n\r\nOK\r\n"),
            ("<", b'\r\n+CPMS: "SM",3,50,"SM",3,50,"SM",3,50\r\n'),
        )
    )
    shown = mask(raw)
    for secret in ("1234567890", "0791947", "262011", "4917112", "Miller", "Jane"):
        assert secret not in shown
    for kept in ("+CSQ: 18,99", '+CPMS: "SM",3,50', "+CMGR: 0,,25", "+CLIP", "OK"):
        assert kept in shown
    assert len(shown) == len(raw), "lengths tell of faults"
