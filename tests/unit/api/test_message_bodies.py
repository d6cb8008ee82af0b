"""Bodies of /v1/messages as the API reads them, and as the client writes them."""

from __future__ import annotations

import base64
from typing import get_type_hints

import pytest
from pydantic import ValidationError

from gsmgw.api.message_bodies import MessageIn, PreviewIn, look_at_each
from gsmgw.http.problems import Problem
from gsmgw.model import OnUnknown, Priority
from gsmgw.outbound import Submission
from gsmgw.wire.requests import Message

TO = "+4915112345678"


def test_client_and_api_know_the_same_fields() -> None:
    fields = {field.alias or name for name, field in MessageIn.model_fields.items()}
    assert fields - set(get_type_hints(Message)) == {"class"}  # a keyword of Python
    assert set(get_type_hints(Message)) <= fields


def test_every_field_arrives() -> None:
    body = {
        "to": TO, "data": base64.b64encode(b"x").decode(), "port": 7, "modem": "m0", "pool": None, "priority": "urgent",
        "send_at": "2126-01-01T00:00:00Z", "valid_for": 60, "delivery_report": False, "encoding": "ucs2", "class": 1,
        "client_ref": "r", "tags": ["a", "b"], "on_unknown": "hold",
    }  # fmt: skip
    assert MessageIn.model_validate(body).submission() == Submission(
        TO, None, b"x", 7, "m0", None, Priority.URGENT, 4_922_899_200_000, 60, False, "ucs2", 1, "r", ("a", "b"),
        OnUnknown.HOLD,
    )  # fmt: skip
    assert MessageIn.model_validate({"to": TO, "text": "x"}).submission() == Submission(TO, "x")
    assert MessageIn.model_validate({"to": TO, "text": "x", "flash": True}).submission().message_class == 0


def test_a_preview_takes_the_body_of_a_message() -> None:
    names = {field.alias or name for name, field in MessageIn.model_fields.items()}
    assert names <= {field.alias or name for name, field in PreviewIn.model_fields.items()}
    body = {"to": TO, "text": "x", "modem": "m0", "send_at": "2126-01-01T00:00:00Z", "class": 1, "encoding": "ucs2"}
    assert PreviewIn.model_validate(body).encoding == "ucs2"
    assert PreviewIn.model_validate({"text": "x"}).to is None
    with pytest.raises(ValidationError, match="Extra inputs"):
        PreviewIn.model_validate({"text": "x", "sendat": "x"})


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"data": "?"}, "is not valid base64"),
        ({"flash": True, "class": 1}, "is 1, but flash means class 0"),
        ({"flash": "yes"}, "valid boolean"),
        ({"send_at": 4_922_899_200}, "is not a valid RFC 3339 time with a zone"),
        ({"text": "\ud83d"}, "contains half of a surrogate pair at position 0"),
        ({"sendat": "x"}, "Extra inputs"),
    ],
)
def test_a_field_that_is_not_valid(fields: dict[str, object], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        MessageIn.model_validate({"to": TO, **fields})


def test_each_message_of_a_batch_has_its_own_problem() -> None:
    good, bad, crowded = look_at_each(
        [{"to": TO}, {"to": 1, "tags": [""]}, dict.fromkeys(map(str, range(99)))], first=7
    )
    assert isinstance(good, MessageIn)
    assert isinstance(bad, Problem)
    assert [error["pointer"] for error in bad.errors] == ["/messages/8/to", "/messages/8/tags/0"]
    assert bad.detail == "message 8: to: must be a string"
    assert isinstance(crowded, Problem)
    assert crowded.detail == "message 9: has 99 fields; a message has at most 19"
