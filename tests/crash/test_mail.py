"""The e-mail bridge while the gateway is killed: what was answered with 250 is sent, and each text is mailed."""

from __future__ import annotations

import random
import smtplib
import threading
import time
from pathlib import Path

import pytest
from support.mail import ANN, SENDER, body_of, free_port, post, sink
from support.processes import Site, site, until

from gsmgw.client import Client

MAILS = 150
KILLS = 5


def _deliver(port: int, secret: str, number: int) -> int:
    """Send a mail like a mail server: again until it is accepted. Returns how often."""
    mail = f"Message-ID: <{number}@nas.example>\nSubject: Alarm\n\nout {number}\n"
    for attempt in range(1, 5000):
        try:
            post(port, secret, f"+49151{number:08d}@sms", mail)
        except (OSError, smtplib.SMTPException):
            time.sleep(0.05)  # it is not there just now
        else:
            return attempt
    raise AssertionError(f"the mail {number} was never accepted")


@pytest.mark.long
def test_nothing_is_lost_and_nothing_is_sent_twice(tmp_path: Path) -> None:
    random.seed(3)
    port = free_port()
    with sink() as found:
        settings = (
            f'unknown_grace_s = 3\n[mail]\nlisten = "127.0.0.1:{port}"\nserver = "127.0.0.1"\nport = {found.port}\n'
            f'sender = "{SENDER}"\nto = ["{ANN}"]\nsubject = "none"\n'
        )
        with site(tmp_path, 1, gateway=settings) as place:
            clients: list[Client] = [place.start()]
            try:
                secret = clients[0].request("POST", "/v1/tokens", json={"name": "nas", "scopes": ["send"]})["token"]
                failures: list[BaseException] = []

                def talk() -> None:
                    try:
                        for number in range(MAILS):
                            place.inject("modem0", "+4915112345678", f"in {number}")
                            _deliver(port, secret, number)
                            time.sleep(0.02)  # so that the kills come between them
                    except BaseException as exc:
                        failures.append(exc)
                        raise

                talking = threading.Thread(target=talk)
                talking.start()
                for _ in range(KILLS):
                    time.sleep(random.uniform(0.3, 1.0))  # the behaviour played: somebody pulls a plug
                    place.kill()
                    clients.append(place.start())
                talking.join()
                assert not failures
                _check_sent(place, clients[-1])
                expected = {f"in {number}" for number in range(MAILS)}
                until(lambda: {text for text in found.texts() if text.startswith("in ")} == expected, 120)
                ids: dict[str, str] = {}
                for mail in found.mails:
                    if (text := body_of(mail)).startswith("in "):
                        assert ids.setdefault(mail["Message-ID"], text) == text
                assert len(ids) == MAILS
            finally:
                for each in clients:
                    each.close()


def _check_sent(place: Site, client: Client) -> None:
    """Each mail became one text. A segment that was on its way when the gateway was killed may go twice."""
    until(lambda: not client.stats()["messages"], 120)
    copies = place.copies()
    assert set(copies) == {f"out {number}" for number in range(MAILS)}
    assert sum(count > 1 for count in copies.values()) <= KILLS
