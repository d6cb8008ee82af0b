"""A campaign to 100 000 people: how long it takes to start, and how long a one-time code waits meanwhile.

The gateway is a process of its own. $GSMGW_ROWS is another number of recipients.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from support.processes import Site, site, until

from gsmgw.client import Client

ROWS = int(os.environ.get("GSMGW_ROWS", "100000"))
MODEMS, CODES = 2, 10
PHONE = "+4917012345678"


def main() -> None:
    """Print the times."""
    with tempfile.TemporaryDirectory() as directory, site(Path(directory), MODEMS) as place, place.start() as client:
        until(lambda: all(modem["state"] == "ready" for modem in client.modems()))
        client.create_group("All")
        rows = "\n".join(["Name,Handy", *(f"Anna{at % 97},+49151{12_000_000 + at}" for at in range(ROWS))])
        client.import_contacts(rows.encode(), groups=["All"])
        _start(place, client)
        _codes(place, client)


def _known(client: Client, campaign: str) -> bool:
    """True once all recipients are known: the last one by number is one."""
    time.sleep(0.2)  # seldom: the looking is not to be measured
    last = f"+49151{12_000_000 + ROWS - 2}"
    return bool(client.campaign_recipient_page(campaign, cursor=last, limit=1)["data"])


def _start(place: Site, client: Client) -> None:
    made = client.create_campaign("Large", {"groups": ["All"]}, text="Hi {{ name }}")
    began_s = time.perf_counter()
    client.review_campaign(made["id"])
    reviewed_s, began_s = time.perf_counter() - began_s, time.perf_counter()
    assert client.start_campaign(made["id"])["state"] == "running"
    running_s = time.perf_counter() - began_s
    until(lambda: len(place.submits()) > 0)
    first_s = time.perf_counter() - began_s
    until(lambda: _known(client, made["id"]), 120)
    whole_s = time.perf_counter() - began_s
    print(f"campaign to {ROWS}: reviewed in {reviewed_s:.2f} s, running after {running_s:.2f} s (must: 5), first text "
          f"after {first_s:.2f} s, all recipients known after {whole_s:.2f} s")  # fmt: skip


def _codes(place: Site, client: Client) -> None:
    """Send urgent messages into the campaign; count what left between the acceptance of each and its own departure."""
    began_s, began_cpu_s, done = time.perf_counter(), _cpu_s(place), len(place.submits())
    time.sleep(3)  # the span that is measured
    sent = len(place.submits()) - done
    rate, cpu_ms = sent / (time.perf_counter() - began_s), (_cpu_s(place) - began_cpu_s) * 1000 / max(1, sent)
    cursor = client.stats()["last_event"]
    codes = [client.send(PHONE, f"Your code is {at}", priority="urgent")["id"] for at in range(CODES)]
    waiting, ahead, queued = set(codes), dict.fromkeys(codes, 0), set[str]()
    for event in client.events(cursor, types=["message.queued", "message.sent"]):
        message = event["message_id"]
        if event["type"] == "message.queued":
            queued |= {message} & waiting
        elif message in waiting:
            waiting.discard(message)
            queued.discard(message)
        else:
            for code in queued:
                ahead[code] += 1
        if not waiting:
            break
    print(f"{rate:.0f} texts a second over {MODEMS} modems without latency, {cpu_ms:.1f} ms of the processor each")
    words = "texts of the campaign that left between the acceptance of a one-time code and the code itself"
    print(f"{words}: {list(ahead.values())} (must: one a modem, and one whose result was on its way)")


def _cpu_s(place: Site) -> float:
    assert place.gateway is not None
    fields = Path(f"/proc/{place.gateway.child.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    main()
