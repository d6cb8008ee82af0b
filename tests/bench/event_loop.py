"""How long imports, segments, templates, patterns and campaigns hold the event loop: processor time of a callback.

$GSMGW_ROWS is another number of contacts.
"""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent))

from support.held import watched
from support.rig import make_config, running

from gsmgw.client import ApiError, Client

ROWS = int(os.environ.get("GSMGW_ROWS", "100000"))
#: The longest that anything may hold it, ms.
MUST_MS = 20


def operations(client: Client, rows: int) -> list[tuple[str, Callable[[], Any]]]:
    """Run operations that could hold the event loop, one after the other."""
    lines = ["Vorname,Handy,City,Born"]
    lines += [
        f"Anna{at % 97},+49151{12_000_000 + at},Ulm,19{at % 90 + 10}-0{at % 9 + 1}-1{at % 9}" for at in range(rows)
    ]
    text = "\n".join(lines).encode()
    numbers = [f"+49160{1_000_000 + at}" for at in range(900)]
    long_segment = " and ".join(f'not (city = "{at}" or name contains "{at}")' for at in range(80))[:3990]
    nested = "(" * 1500 + 'city = "Ulm"' + ")" * 1500
    pattern = {"match": {"kind": "regex", "value": "(a+)+$"}, "actions": [{"kind": "tag", "tag": "x"}]}
    loops = "{% for a in (1..200) %}{% for b in (1..200) %}x{% endfor %}{% endfor %}"

    def started() -> None:
        made = client.create_campaign("Large", {"groups": ["All"]}, text="Hi {{ name }}")
        client.review_campaign(made["id"])
        client.start_campaign(made["id"])
        while client.campaign(made["id"])["counts"]["total"] < rows:
            pass
        client.act_on_campaign(made["id"], "pause")
        client.act_on_campaign(made["id"], "cancel")
        client.campaigns()

    def listed() -> None:
        made = client.create_campaign("Numbers", {"numbers": numbers}, text="Hi", exclude={"numbers": numbers})
        client.review_campaign(made["id"])

    def repeated() -> None:
        for rule in ("FREQ=DAILY;BYMONTH=2;BYMONTHDAY=31", "FREQ=DAILY;INTERVAL=7;BYDAY=TU"):
            made = client.create_campaign("Never", {"groups": ["All"]}, text="Hi", repeat=rule)
            client.review_campaign(made["id"])

    def dated() -> None:
        trigger = {"field": "born", "at": "00:00", "yearly": True}
        made = client.create_campaign("Born", {"groups": ["All"]}, text="Hi", date_trigger=trigger)
        client.review_campaign(made["id"])
        client.start_campaign(made["id"])
        client.act_on_campaign(made["id"], "cancel")

    return [
        ("import", lambda: client.import_contacts(text, groups=["All"])),
        ("segment, long", lambda: client.preview_segment(long_segment)),
        ("segment, nested", lambda: client.preview_segment(nested)),
        ("segment, wrong", lambda: client.preview_segment('city = "Ulm" and ' * 200 + "ctiy = 1")),
        ("template, loops", lambda: client.preview_template(text=loops)),
        ("template, long", lambda: client.preview_template(text="{{ 'anna' | upcase }} " * 200)),
        ("pattern, saved", lambda: client.create_rule("slow", **pattern)),
        ("pattern, tried", lambda: client.try_rules("+4915112345678", "a" * 1000 + "!")),
        ("campaign, started", started),
        ("campaign, numbers", listed),
        ("campaign, never", repeated),
        ("campaign, dates", dated),
    ]


async def measure(directory: Path, rows: int) -> dict[str, tuple[float, str]]:
    """Return the longest callback of each operation, ms, and what it was."""
    found = {}
    async with running(make_config(directory, {})) as rig:
        with Client(directory / "gsmgw.sock") as client:
            await rig.client.put_field("city", "text")
            await rig.client.put_field("born", "date")
            await rig.client.create_group("All")
            for path in (
                "segments/preview",
                "templates/preview",
                "rules",
                "rules/test",
                "campaigns",
                "contacts/import",
            ):
                await rig.http.post(f"/v1/{path}", json={})  # the first request of a route builds its models
            for name, operation in operations(client, rows):
                with watched() as held:
                    try:
                        await asyncio.to_thread(operation)
                    except ApiError as exc:  # what is refused is no less work
                        name += f" ({exc.code})"
                found[name] = held.most_ms, str(held)
    return found


def main() -> None:
    """Print the figures."""
    with tempfile.TemporaryDirectory() as directory:
        runner: Callable[[Any], Any] = asyncio.run
        for name, (most_ms, what) in runner(measure(Path(directory), ROWS)).items():
            print(f"{name:<40} {most_ms:6.1f} ms (must: {MUST_MS})  {what if most_ms > MUST_MS else ''}")


if __name__ == "__main__":
    main()
