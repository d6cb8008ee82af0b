"""The results of a campaign as CSV, and the campaign after it: to those who did not answer."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

from support.rig import Rig, simulated


def number(at: int) -> str:
    return f"+491511{at:07d}"


async def table(rig: Rig, campaign: str, part: str = "recipients", **more: Any) -> list[dict[str, str]]:
    """The results of a campaign as rows of its CSV."""
    text = "".join([portion async for portion in rig.client.export_campaign_results(campaign, part, **more)])
    return list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"))))


async def finished(rig: Rig, campaign: str) -> dict[str, Any]:
    await rig.event(
        0,
        "campaign.state_changed",
        where=lambda event: event["data"]["campaign"] == campaign and event["data"]["state"] == "finished",
    )
    return dict(await rig.client.campaign(campaign))


async def test_results_as_rows_and_a_text_to_those_who_did_not_answer(tmp_path: Path) -> None:
    async with simulated(tmp_path, modems=1) as (sim, rig):
        await rig.client.create_group("All")
        for at in range(12):
            await rig.client.create_contact(number(at), name="=1+1" if at == 4 else f"Name {at}", groups=["All"])
        await rig.client.opt_out(number(5))
        created = await rig.client.create_campaign(
            "Test",
            {"groups": ["All"]},
            variants=[{"text": "A {{ name }}"}, {"text": "B {{ name }}"}],
            windows={"hours": "00:00-24:00"},
        )
        assert created["windows"]["hours"] is None  # always
        review = await rig.client.review_campaign(created["id"])
        assert (review["bottleneck"], review["next_runs"]) == ("modems", [])
        await rig.client.start_campaign(created["id"])
        await finished(rig, created["id"])
        cursor = (await rig.client.stats())["last_event"]
        sim.send(from_=number(3), to="modem0", text="thank you")
        await rig.event(cursor, "message.received")

        rows = {row["number"]: row for row in await table(rig, "test")}
        assert len(rows) == 12
        answered, left_out = rows[number(3)], rows[number(5)]
        assert (answered["name"], answered["reply"], answered["status"]) == ("Name 3", "thank you", "delivered")
        assert answered["replied_at"] > answered["sent_at"] > ""
        assert (left_out["state"], left_out["reason"], left_out["message_id"]) == ("skipped", "opted_out", "")
        for_sheets = {row["number"]: row for row in await table(rig, created["id"], spreadsheet=True)}
        assert for_sheets[f'="{number(4)}"']["name"] == "'=1+1"
        texts = await table(rig, created["id"], "variants")
        assert [row["text"] for row in texts] == ["A {{ name }}", "B {{ name }}"]
        assert sum(int(row["sent"]) for row in texts) == 11
        assert sum(int(row["replied"]) for row in texts) == 1

        exported = "".join([portion async for portion in rig.client.export("csv", direction="outbound")])
        first = next(csv.DictReader(io.StringIO(exported)))
        contact = await rig.client.contact(first["to"])
        assert (first["purpose"], first["campaign"], first["contact"]) == ("marketing", created["id"], contact["id"])
        message = await rig.client.message(first["id"])
        assert (message["campaign"], message["contact"]) == (created["id"], contact["id"])

        again = await rig.client.create_campaign(
            "Again", {"unanswered": created["id"]}, text="Still there?", exclude={"recent_hours": 0}
        )
        assert (await rig.client.review_campaign(again["id"]))["recipients"] == 10
        await rig.client.start_campaign(again["id"])
        assert (await finished(rig, again["id"]))["counts"]["sent"] == 10
        assert "Still there?" not in [text.text for text in sim.phone(number(3)).received]
