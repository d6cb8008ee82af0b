"""All screens, and how to reach each: a new screen is added here, and every test of all screens then looks at it."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import quote

from gsmgw.client import Client

ANNA = "+4915112345671"

#: Routes that are not a screen: streams, fragments and downloads.
NO_SCREENS = frozenset(
    {
        "/live",
        "/api/openapi.json",
        "/outbox/export",
        "/inbox/export",
        "/contacts/export",
        "/campaigns/{id}/export",
        "/modems/{name}/transcript/live",
        "/modems/{name}/transcript/file",
    }
)
#: Screens that lead elsewhere once there is an account.
ELSEWHERE = frozenset({"/setup"})


def _message(client: Client) -> str:
    return next(iter(client.messages(direction="outbound", limit=1)))["id"]


def _campaign(client: Client) -> str:
    return client.campaigns()[0]["id"]


def _webhook(client: Client) -> str:
    return client.webhooks()[0]["id"]


def _delivery(client: Client) -> str:
    webhook = _webhook(client)
    newest = client.webhook_delivery_page(webhook)["data"][0]
    return f"{webhook}/deliveries/{newest['id']}"


#: The path of each route that has a part to fill in.
FILLED: dict[str, Callable[[Client], str]] = {
    "/conversations/{peer}": lambda _: f"/conversations/{quote(ANNA)}",
    "/messages/{id}": lambda client: f"/messages/{_message(client)}",
    "/modems/{name}": lambda client: f"/modems/{client.modems()[0]['name']}",
    "/modems/{name}/transcript": lambda client: f"/modems/{client.modems()[0]['name']}/transcript",
    "/contacts/{id}": lambda client: f"/contacts/{client.contact(ANNA)['id']}",
    "/campaigns/{id}": lambda client: f"/campaigns/{_campaign(client)}",
    "/campaigns/{id}/edit": lambda client: f"/campaigns/{_campaign(client)}/edit",
    "/campaigns/{id}/recipients": lambda client: f"/campaigns/{_campaign(client)}/recipients",
    "/webhooks/{id}": lambda client: f"/webhooks/{_webhook(client)}",
    "/webhooks/{id}/deliveries/{delivery}": lambda client: f"/webhooks/{_delivery(client)}",
    "/rules/edit/{name}": lambda client: f"/rules/edit/{quote(client.rules()[0]['name'])}",
    "/drips/{name}": lambda _: "/drips/Welcome",
    "/drips/{name}/edit": lambda _: "/drips/Welcome/edit",
    "/users/{name}": lambda client: f"/users/{client.users()[0]['name']}",
    "/api/schemas/{name}": lambda _: "/api/schemas/Message",
    "/api/{name}": lambda _: "/api/send_message",
}


def furnish(client: Client) -> None:
    """Make one of each thing that a screen shows."""
    client.create_contact(ANNA, name="Anna <Schneider>")
    client.send(ANNA, "Your order is ready tomorrow.", send_at="2099-01-01T00:00:00Z")
    client.create_template("Ready", "Dear {{ name }}, your order is ready.")
    client.create_group("Regulars")
    client.add_to_group("Regulars", [ANNA])
    client.create_campaign("Saturday", {"groups": ["Regulars"]}, text="Fresh bread on Saturday.")
    client.create_rule("Hours", [{"kind": "reply", "text": "7 to 18"}], match={"kind": "exact", "value": "HOURS"})
    client.create_drip("Welcome", [{"delay": "1d", "text": "How do you like the bread?"}])
    client.put_answer("Thanks", "Thank you!")
    webhook = client.create_webhook("http://127.0.0.1:9/texts")
    client.test_webhook(webhook["id"])
    client.create_token("shop", ["send", "read"])
    client.opt_out("+4915112345699", reason="by telephone")


def unknown_screens(routes: list[str]) -> list[str]:
    """The routes of pages that no test of all screens would look at."""
    return [route for route in routes if "{" in route and route not in FILLED and route not in NO_SCREENS]


def screens(client: Client, routes: list[str]) -> list[str]:
    """The paths of all screens."""
    return [
        FILLED[route](client) if route in FILLED else route
        for route in routes
        if route not in NO_SCREENS and route not in ELSEWHERE
    ]
