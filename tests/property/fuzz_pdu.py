"""Fuzzing the codec: random and mutated PDUs give a value or the one error, and a value can be shown and built again.

``python -m tests.property.fuzz_pdu 1000000`` is the nightly form; a second argument seeds it.
"""

from __future__ import annotations

import random
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from pdu_cases import SENT, load

from gsmgw.cli.pdu import as_object
from gsmgw.pdu import Pdu, PduError, Rp, build_tpdu, parse_pdu, parse_tpdu
from gsmgw.pdu.describe import describe

HEX = "0123456789abcdefABCDEF"
FORMS: tuple[Rp | None, ...] = (None, "ack", "error")


def seeds() -> list[tuple[bytes, bool, bool]]:
    """Return (octets, SMSC in front, sent) of every case that is hexadecimal at all."""
    found = []
    for case in load("third_party.json") + load("clauses.json"):
        try:
            octets = bytes.fromhex(case["pdu"])
        except ValueError:
            continue
        found.append((octets, case["sca"], case["tpdu"] in SENT))
    return found


def mutated(rng: random.Random, octets: bytes) -> bytes:
    """Return ``octets`` with up to four accidents: changed, lost, doubled and inserted octets, a cut, a long tail."""
    changed = bytearray(octets)
    for _ in range(rng.randint(1, 4)):
        at = rng.randrange(len(changed) + 1)
        match rng.randrange(8):
            case 0 | 1 | 2 if at < len(changed):
                changed[at] = rng.randrange(256)
            case 3 if at < len(changed):
                changed[at] ^= 1 << rng.randrange(8)
            case 4:
                del changed[at : at + rng.randint(1, 3)]
            case 5:
                changed[at:at] = rng.randbytes(rng.randint(1, 3))
            case 6:
                del changed[at:]
            case 7:
                changed += rng.randbytes(rng.randint(1, 40))
    return bytes(changed)


def attempt(octets: bytes, smsc: bool, sent: bool, rp: Rp | None) -> tuple[Pdu | None, PduError | None]:
    """Return the PDU, or why there is none."""
    try:
        return parse_pdu(octets.hex(), smsc=smsc, sent=sent, rp=rp), None
    except PduError as error:
        return None, error


def check(octets: bytes, smsc: bool, sent: bool, rp: Rp | None) -> bool:
    """Parse, show and build once; return whether there was a value. Anything but :class:`PduError` escapes."""
    pdu, refused = attempt(octets, smsc, sent, rp)
    if pdu is None:
        assert refused is not None
        assert refused.field, octets.hex()
        assert refused.title, octets.hex()
        assert refused.offset is not None, octets.hex()
        assert 0 <= refused.offset <= len(octets), octets.hex()
        return False
    show(pdu)
    # What the codec made of it can be built, and is then read as the same again.
    again = build_tpdu(pdu.tpdu)
    form: Rp | None = rp
    if form is None and hasattr(pdu.tpdu, "failure_cause"):
        form = "ack" if pdu.tpdu.failure_cause is None else "error"
    back = parse_tpdu(again, sent=sent, rp=form)
    assert build_tpdu(back) == again, octets.hex()
    return True


def show(pdu: Pdu) -> None:
    """Work out everything that is worked out on demand."""
    for row in describe(pdu):
        assert row.field
    as_object(pdu)
    str(pdu.smsc)


def fuzz(count: int, seed: int = 0) -> tuple[int, float]:
    """Run ``count`` inputs; return how many had a value and the longest time that one took, in seconds."""
    rng = random.Random(seed)
    known = seeds()
    values = 0
    longest_s = 0.0
    for number in range(count):
        start = time.perf_counter()
        if number % 10 == 0:
            octets, smsc, sent = rng.randbytes(rng.randrange(190)), rng.random() < 0.3, rng.random() < 0.5
        else:
            octets, smsc, sent = rng.choice(known)
            octets = mutated(rng, octets)
            if number % 10 == 1:
                sent = not sent
        values += check(octets, smsc, sent, rng.choice(FORMS))
        longest_s = max(longest_s, time.perf_counter() - start)
    return values, longest_s


def main() -> None:
    """Fuzz as many inputs as the first argument says."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 20_000
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else int(time.time())
    start = time.perf_counter()
    values, longest_s = fuzz(count, seed)
    spent = time.perf_counter() - start
    print(f"seed {seed}: {count} inputs in {spent:.1f} s, the longest {longest_s:.4f} s")
    print(f"{values} had a value, {count - values} were refused")


if __name__ == "__main__":
    main()
