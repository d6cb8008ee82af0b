"""gsmgw campaigns as a person types it."""

from __future__ import annotations

import json

from support.processes import Site
from support.shell import command

ANNA = "+4915112345671"


def gsmgw(place: Site, *arguments: str, code: int = 0) -> str:
    result = command("--socket", str(place.socket), *arguments)
    assert result.exit_code == code, result.output
    return result.output


def test_a_campaign_from_draft_to_deletion(place: Site) -> None:
    gsmgw(place, "contacts", "set", ANNA, "--name", "Anna", "--group", "Customers")
    gsmgw(place, "optouts", "add", "+4915112345672")
    created = gsmgw(place, "campaigns", "create", "Sale", "Hello {{ name }}", "--group", "Customers",
                    "--to", "+4915112345672", "--per-minute", "30")  # fmt: skip
    campaign = json.loads(gsmgw(place, "campaigns", "--json"))["id"]
    assert created == f"campaign {campaign} saved as a draft; look at it: gsmgw campaigns review {campaign}\n"
    first, *rest = gsmgw(place, "campaigns", "review", campaign).splitlines()
    assert first.startswith("1 recipient, 1 segment (1 to 1 each), ")
    assert rest == ["  1 left out: opted out", f"{ANNA}  Hello Anna"]
    assert "starts 2099-12-24 09:00" in gsmgw(place, "campaigns", "start", campaign, "--at", "2099-12-24T09:00")
    assert "scheduled" in gsmgw(place, "campaigns", "show", campaign)
    assert "only a running one can be paused" in gsmgw(place, "campaigns", "pause", campaign, code=1)
    assert "canceled" in gsmgw(place, "campaigns", "cancel", campaign)
    assert gsmgw(place, "campaigns", "results", campaign).startswith("0 recipients\n0 sent")
    assert "no recipients" in gsmgw(place, "campaigns", "recipients", campaign)
    gsmgw(place, "campaigns", "delete", campaign)
    assert "no campaigns" in gsmgw(place, "campaigns")
