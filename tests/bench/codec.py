"""Speed of the codec, single-part messages: PDU to text and back, per second on one core."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime

from gsmgw.pdu import Address, Deliver, build_pdu, build_timestamp, parse_pdu, plan_text, submits

TEXTS = {
    "gsm7": "Your order 4711 has left our house today and will be with you tomorrow between 9 and 12. Thank you!",
    "gsm7 160": "The quick brown fox jumps over the lazy dog. " * 3 + "0123456789 0123456789 abc",
    "ucs2": "Ваш заказ 4711 сегодня отправлен и будет у вас завтра.",
}


def _deliver(text: str) -> str:
    plan = plan_text(text)
    raw = build_timestamp(datetime(2026, 3, 1, 12, 30, tzinfo=UTC))
    dcs = 0 if plan.encoding == "gsm7" else 8
    deliver = Deliver(Address("4915112345678", 1), raw, plan.user_data()[0], 0, dcs)
    return build_pdu(deliver, Address("491710760000", 1))


def _decode(pdu: str) -> None:
    tpdu = parse_pdu(pdu).tpdu
    assert isinstance(tpdu, Deliver)
    tpdu.originator.number, tpdu.timestamp, tpdu.text, tpdu.concat  # noqa: B018  what a receiver looks at


def _encode(text: str) -> None:
    build_pdu(submits(plan_text(text), Address.parse_number("+4915112345678"), status_report_request=True)[0])


def rate(action: Callable[[], None], seconds: float = 0.5) -> float:
    """Return how often ``action`` runs in a second: the best of three runs."""
    best = 0.0
    for _ in range(3):
        count = 0
        start = time.perf_counter()
        while (spent := time.perf_counter() - start) < seconds / 3:
            for _ in range(200):
                action()
            count += 200
        best = max(best, count / spent)
    return best


def run(seconds: float = 0.5) -> list[tuple[str, float]]:
    """Return (what, per second) for each direction and kind of text."""
    figures = []
    for name, text in TEXTS.items():
        pdu = _deliver(text)
        figures.append((f"codec decode {name}", rate(lambda pdu=pdu: _decode(pdu), seconds)))  # type: ignore[misc]
        figures.append((f"codec encode {name}", rate(lambda text=text: _encode(text), seconds)))  # type: ignore[misc]
    return figures


def main() -> None:
    """Print one line per figure."""
    for name, per_second in run():
        print(f"{name}: {per_second:.0f} /s")


if __name__ == "__main__":
    main()
