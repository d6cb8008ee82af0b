"""Payloads of requests: aliases, and a clear error for everything else."""

from __future__ import annotations

import json
from typing import Any

import pytest

from gsmgw.bridges.mqtt.requests import MAX_BYTES, BadRequest, notification, parse_request
from gsmgw.model import Priority

NUMBER = "+4915112345678"


@pytest.mark.parametrize("to", ["to", "number", "target"])
@pytest.mark.parametrize("text", ["text", "message"])
def test_the_names_that_other_programs_use(to: str, text: str) -> None:
    found = parse_request(json.dumps({to: NUMBER, text: "Hello", "ref": "r-1"}).encode())
    assert (found.to, found.message.text, found.ref) == ((NUMBER,), "Hello", "r-1")


def test_several_recipients_and_options() -> None:
    body = {"target": [NUMBER, "Anna", NUMBER], "message": "Hi", "priority": "urgent", "modem": "m0", "flash": True}
    found = parse_request(json.dumps({**body, "ref": "r"}).encode())
    assert found.to == (NUMBER, "Anna")
    assert found.message.priority is Priority.URGENT
    assert (found.message.modem, found.message.message_class) == ("m0", 0)
    both = found.submissions([NUMBER, "+49170111222"])
    assert [each.client_ref for each in both] == [f"r:{NUMBER}", "r:+49170111222"]


def test_one_recipient_has_the_ref_itself() -> None:
    found = parse_request(json.dumps({"to": NUMBER, "text": "x", "ref": "r"}).encode())
    assert [each.client_ref for each in found.submissions([NUMBER])] == ["r"]
    group = parse_request(json.dumps({"to": "Family", "text": "x", "ref": "r"}).encode())
    assert [each.client_ref for each in group.submissions([NUMBER, "+49170"])] == [f"r:{NUMBER}", "r:+49170"]


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"Hello", "the payload is not JSON"),
        (b"\xff", "the payload is not JSON"),
        (b"[" * 60_000, "nested too deeply"),
        (b" " * (MAX_BYTES + 1), "at most 65536 are allowed"),
        ([], "must be an object"),
        ({"text": "x"}, "to is missing"),
        ({"to": NUMBER}, "text is missing"),
        ({"to": None, "text": "x"}, "to is missing"),
        ({"to": NUMBER, "target": NUMBER, "text": "x"}, "to and target mean the same"),
        ({"to": NUMBER, "txet": "x"}, "'txet' is not a known field; did you mean 'text'?"),
        ({"to": NUMBER, "text": "x", "zebra": 1}, "known are to, number, target"),
        ({"to": 4915112345678, "text": "x"}, "to must be a phone number or a name as a text"),
        ({"to": [], "text": "x"}, "1 to 1000 recipients"),
        ({"to": [""], "text": "x"}, "to must be a phone number"),
        ({"to": NUMBER, "text": ""}, "text must be a text that is not empty"),
        ({"to": NUMBER, "text": 5}, "text must be a text"),
        ({"to": NUMBER, "text": "x", "ref": 5}, "ref must be a text"),
        ({"to": NUMBER, "text": "x", "ref": ""}, "ref must have 1 to 150 characters"),
        ({"to": NUMBER, "text": "x", "ref": "r" * 151}, "ref must have 1 to 150 characters"),
        ({"to": NUMBER, "text": "x", "priority": "high"}, "priority must be urgent, normal, bulk"),
        ({"to": NUMBER, "text": "x", "flash": "yes"}, "flash must be true or false"),
    ],
)
def test_what_is_wrong_is_said(body: Any, words: str) -> None:
    payload = body if isinstance(body, bytes) else json.dumps(body).encode()
    with pytest.raises(BadRequest) as caught:
        parse_request(payload)
    assert words in caught.value.detail


def test_a_notification_is_a_text() -> None:
    assert notification("Anna", "Tür offen".encode()).message.text == "Tür offen"
    for payload, words in ((b"\xff", "byte 1"), (b"  ", "is empty"), (b"x" * (MAX_BYTES + 1), "at most")):
        with pytest.raises(BadRequest, match=words):
            notification("Anna", payload)
