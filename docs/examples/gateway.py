"""The main tasks in Python:  gateway.py send TO TEXT | wait ID | events AFTER | receive PORT SECRET

GSMGW_SOCKET names the gateway's socket.
"""

import json
import os
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer

from standardwebhooks import Webhook, WebhookVerificationError

from gsmgw.client import DEFAULT_SOCKET, ApiError, Client, NoDaemon

ENDS = {"delivered", "undelivered", "failed", "expired", "canceled"}


def send(gateway: Client, to: str, text: str) -> None:
    """Send a text. The client adds an idempotency key and repeats a lost request, so the text is sent once."""
    print(json.dumps(gateway.send(to, text)))


def wait(gateway: Client, message_id: str) -> None:
    """Read the position first, then the message, then the events since: so nothing is missed."""
    cursor = gateway.stats()["last_event"]
    message = gateway.message(message_id)
    if message["status"] not in ENDS:
        for event in gateway.events(cursor, types=["message.*"]):
            if event["message_id"] == message_id and event["type"].removeprefix("message.") in ENDS:
                break
    print(json.dumps(gateway.message(message_id)))


def events(gateway: Client, after: str) -> None:
    """Print events. The client reconnects by itself. Keep the last ID to continue after a restart."""
    for event in gateway.events(int(after), types=["message.*"]):
        print(json.dumps(event), flush=True)


def receive(port: str, secret: str) -> None:
    """Receive webhooks: verify, save, answer 2xx fast. An event may arrive twice, with the same webhook-id."""
    verifier, seen = Webhook(secret), set()

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            try:
                event = verifier.verify(body, dict(self.headers))
            except WebhookVerificationError:
                self.send_error(401)
                return
            if self.headers["webhook-id"] not in seen:
                seen.add(self.headers["webhook-id"])
                print(json.dumps(event), flush=True)
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    HTTPServer(("127.0.0.1", int(port)), Receiver).serve_forever()


#: The arguments of each task.
TASKS = {"send": (send, 2), "wait": (wait, 1), "events": (events, 1), "receive": (receive, 2)}


def main(task: str = "", *arguments: str) -> None:
    """Run one task."""
    function, count = TASKS.get(task, (None, 0))
    if function is None or len(arguments) != count:
        print(str(__doc__).splitlines()[0], file=sys.stderr)
        sys.exit(2)
    if function is receive:
        receive(*arguments)
        return
    try:
        with Client(os.environ.get("GSMGW_SOCKET", DEFAULT_SOCKET)) as client:
            function(client, *arguments)
    except (ApiError, NoDaemon) as exc:
        sys.exit(f"gateway.py: {exc}")


if __name__ == "__main__":
    main(*sys.argv[1:])
