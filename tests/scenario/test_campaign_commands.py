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


def test_a_campaign_that_repeats_and_its_results(place: Site) -> None:
    gsmgw(place, "contacts", "set", ANNA, "--name", "Anna", "--group", "Regulars")
    gsmgw(place, "campaigns", "create", "Weekly", "Hi {{ name }}", "--group", "Regulars",
          "--repeat", "every monday 09:00 until 2099-12-31", "--zone", "Europe/Berlin")  # fmt: skip
    saved = json.loads(gsmgw(place, "campaigns", "show", "weekly", "--json"))
    assert saved["repeat"] == "FREQ=WEEKLY;BYDAY=MO;BYHOUR=9;BYMINUTE=0;BYSECOND=0;UNTIL=20991231"
    assert gsmgw(place, "campaigns", "review", "Weekly").count("next run ") == 3
    assert "next run" in gsmgw(place, "campaigns", "start", "Weekly")
    assert "no runs yet" in gsmgw(place, "campaigns", "runs", "Weekly")
    assert "  draft" in gsmgw(place, "campaigns", "unschedule", "Weekly")
    header, *rows = gsmgw(place, "campaigns", "results", "Weekly", "--csv").splitlines()
    assert (header.split(",")[:3], rows) == (["campaign", "number", "name"], [])
    assert gsmgw(place, "campaigns", "results", "Weekly", "--csv", "--variants").splitlines() == [
        "variant,text,sent,delivered,replied", "1,Hi {{ name }},0,0,0",
    ]  # fmt: skip
    assert "need --csv" in gsmgw(place, "campaigns", "results", "Weekly", "--spreadsheet", code=2)
    refused = gsmgw(place, "campaigns", "create", "x", "Hi", "--to", ANNA, "--repeat", "every moonday 9:00", code=2)
    assert "'moonday' is not a day" in refused
    gsmgw(place, "campaigns", "delete", "Weekly")


def test_a_campaign_on_dates_of_contacts(place: Site) -> None:
    gsmgw(place, "contacts", "fields", "set", "birthday", "date")
    gsmgw(place, "contacts", "set", ANNA, "--name", "Anna", "--group", "Regulars", "--field", "birthday=1980-02-29")
    gsmgw(place, "campaigns", "create", "Birthdays", "Happy birthday", "--group", "Regulars",
          "--on-date", "birthday 09:00", "--hours", "00:00-24:00")  # fmt: skip
    assert "next run" in gsmgw(place, "campaigns", "review", "Birthdays")
    assert "on birthday at 09:00 in their time zone, every year" in gsmgw(place, "campaigns", "start", "Birthdays")
    assert "canceled" in gsmgw(place, "campaigns", "cancel", "Birthdays")
