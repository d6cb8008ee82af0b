"""The page that says in words if everything is well."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from starlette.responses import Response

from gsmgw.client import AsyncClient, part
from gsmgw.web import words
from gsmgw.web.languages import N_
from gsmgw.web.live.regions import of_kinds, partial, region
from gsmgw.web.look import Look
from gsmgw.web.routing import Page
from gsmgw.web.view import View
from gsmgw.wire import resources

#: A backup is made every night; a day more is too late.
_BACKUP_AGE = timedelta(days=2)
_SLOW_COMMIT_MS = 1000


@dataclass(frozen=True, slots=True)
class Check:
    """The outcome of one check: its tone, a sentence, what the gateway says, and a page that helps."""

    tone: str
    sentence: str
    detail: str = ""
    link: str = ""


async def health(view: View) -> Response:
    """Show the checks."""
    checks = await _checks(view.look, view.gateway)
    return view.render("health.html", checks=checks, stats=await view.gateway.stats(), regions=["health"])


async def _checks(look: Look, gateway: AsyncClient) -> list[Check]:
    """Run all checks that a user may know about, the worst first."""
    stats = await gateway.stats()
    fleet = await gateway.fleet()
    found = [*_of_gateway(look, await gateway.health(), stats)]
    found += _of_modems(look, await gateway.modems(), is_hub=fleet["hub"])
    found += _of_nodes(look, fleet)
    found += _of_queue(look, stats)
    if look.role == "owner":
        found += _of_integrations(look, await gateway.webhooks(), await gateway.integrations())
        found += _of_configuration(look, await gateway.configuration())
        found += _of_backups(look, await gateway.backups())
    return sorted(found, key=lambda check: ("bad", "warn", "good").index(check.tone))


def _of_gateway(look: Look, health: resources.Health, stats: resources.Stats) -> Iterator[Check]:
    say = look.words.gettext
    if health["status"] == "ok":
        yield Check("good", say(N_("The gateway accepts texts, and all its tasks run.")))
    else:
        yield Check("bad", say(N_("The gateway does not work as it should:")), health.get("detail") or "")
    if stats["database_loss"]:
        yield Check("bad", say(N_("The database lost data before the last start:")), stats["database_loss"], "/backups")
    for task, count in stats["task_failures"].items():
        yield Check("warn", say(N_("A task failed and was started again %(n)s times:"), n=count), task)
    if stats["commit_ms"] > _SLOW_COMMIT_MS:
        yield Check("warn", say(N_("The disk is slow: saving takes %(ms)s ms."), ms=round(stats["commit_ms"])))
    elif stats["database_ok"]:
        size = look.octets(stats["database_octets"])
        yield Check("good", say(N_("The database is written without errors; it has %(size)s."), size=size))


def _of_modems(look: Look, modems: list[resources.Modem], *, is_hub: bool) -> Iterator[Check]:
    say = look.words.gettext
    if not modems and not is_hub:
        yield Check("bad", say(N_("No modem is connected. Plug one in, and the gateway finds it.")), link="/start")
    for modem in modems:
        state, name = str(modem["state"]), modem["name"]
        sentence = say(N_("Modem %(name)s: %(state)s."), name=name, state=look.modem_state(state))
        if state != "ready" and (advice := words.MODEM_ADVICE.get(state)):
            sentence += f" {say(advice)}"
        tone = {"good": "good", "off": "good", "bad": "bad"}.get(words.MODEM_TONE.get(state, ""), "warn")
        detail = "" if tone == "good" else modem["detail"]
        yield Check(tone, sentence, detail, f"/modems/{part(name)}")


def _of_nodes(look: Look, fleet: resources.Fleet) -> Iterator[Check]:
    say, ngettext = look.words.gettext, look.words.ngettext
    if fleet["hub"] and not fleet["connected"]:
        sentence = say(N_("No connection to the NATS server. Nodes send what they have."))
        yield Check("bad", sentence, fleet["trouble"] or "", "/fleet")
    for node in fleet["nodes"]:
        if node["silent"]:
            yield Check("bad", say(N_("Node %(name)s is silent."), name=node["name"]), link="/fleet")
        else:
            count = sum(modem["state"] in ("ready", "degraded") for modem in node["modems"])
            sentence = ngettext(
                "Node %(name)s is connected, with %(n)s modem ready.",
                "Node %(name)s is connected, with %(n)s modems ready.",
                count,
                name=node["name"],
            )
            yield Check("good" if count else "warn", sentence, link="/fleet")


def _of_queue(look: Look, stats: resources.Stats) -> Iterator[Check]:
    say, ngettext = look.words.gettext, look.words.ngettext
    if unknown := stats["messages"].get("unknown", 0):
        one, many = "The outcome of %(n)s text is unknown.", "The outcome of %(n)s texts is unknown."
        yield Check("warn", ngettext(one, many, unknown), link="/outbox?status=unknown")
    oldest = stats["oldest_queued_at"]
    if oldest and datetime.now(UTC) - datetime.fromisoformat(oldest) > timedelta(hours=1):
        yield Check(
            "warn", say(N_("Texts have been waiting since %(time)s."), time=look.moment(oldest)), link="/outbox"
        )
    elif not unknown:
        yield Check("good", say(N_("No text waits for long.")))


def _of_integrations(look: Look, webhooks: list[resources.Webhook], found: resources.Integrations) -> Iterator[Check]:
    say = look.words.gettext
    stopped = [each for each in webhooks if each["state"] != "active"]
    failed = [each for each in found["hooks"] if each["last_run"] and each["last_run"]["problem"]]
    for each in stopped:
        name = each["description"] or each["url"]
        sentence = say(N_("The webhook %(name)s does not get its events."), name=name)
        yield Check("warn", sentence, each["reason"] or "", f"/webhooks/{each['id']}")
    for hook in failed:
        run = hook["last_run"]
        sentence = say(N_("The hook %(name)s failed at its last run."), name=hook["name"])
        yield Check("warn", sentence, (run and run["problem"]) or "", "/integrations")
    if (webhooks or found["hooks"]) and not stopped and not failed:
        yield Check("good", say(N_("Webhooks and hooks get their events.")), link="/integrations")


def _of_configuration(look: Look, found: resources.Configuration) -> Iterator[Check]:
    say = look.words.gettext
    if found["problem"]:
        sentence = say(N_("The configuration file has an error; the next start would fail:"))
        yield Check("bad", sentence, found["problem"], "/configuration")
    elif found["pending"]:
        yield Check("warn", say(N_("Changes in the configuration file are not in effect yet.")), link="/configuration")
    else:
        yield Check("good", say(N_("The settings of the configuration file are in effect.")), link="/configuration")


def _of_backups(look: Look, backups: list[resources.BackupEntry]) -> Iterator[Check]:
    say = look.words.gettext
    if not backups:
        yield Check("warn", say(N_("There is no backup yet.")), link="/backups")
        return
    made = backups[0]["created_at"]
    late = datetime.now(UTC) - datetime.fromisoformat(made) > _BACKUP_AGE
    sentence = say(N_("The last backup was made %(time)s."), time=look.moment(made))
    yield Check("warn" if late else "good", sentence, link="/backups")


@region("health", of_kinds("modem.", "sim.", "message.", "webhook.", "hook.", "task.", "store."), pause_s=2.0)
async def _health_region(look: Look, gateway: AsyncClient, _: str) -> str:
    return partial("health", look.part("fragments/health.html", checks=await _checks(look, gateway)))


PAGES = [Page("/health", health)]
