"""Saved templates: the API, the client and the commands."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from support.processes import Site
from support.shell import command

from gsmgw.client import ApiError, Client

ANNA = "+4915112345671"
WELCOME = 'Hello {{ name }}, {{ city | default: "your town" }} has {{ amount | money: "EUR" }} for you.'


@pytest.fixture
def client(place: Site) -> Iterator[Client]:
    with Client(str(place.socket)) as found:
        found.put_field("city", "text")
        found.put_field("amount", "number")
        found.put_contact(ANNA, name="Anna", language="de", fields={"amount": 12.5})
        yield found
        for template in found.templates():
            found.delete_template(template["name"])


def test_a_template_is_saved_tried_and_deleted(client: Client) -> None:
    saved = client.create_template("Welcome", WELCOME)
    assert (saved["name"], saved["text"]) == ("Welcome", WELCOME)
    assert client.template("welcome") == saved
    found = client.preview_template(template="welcome", contact=ANNA)
    assert found["text"] == "Hello Anna, your town has 12,50 € for you."
    assert (found["encoding"], found["segments"], found["fields"]) == ("gsm7", 1, ["amount", "city", "name"])
    assert client.preview_template(text="{{ name }}", contact=ANNA, fields={"name": "Ben"})["text"] == "Ben"
    assert client.put_template("WELCOME", "Hi {{ name }}")["name"] == "WELCOME"
    assert [each["text"] for each in client.templates()] == ["Hi {{ name }}"]
    client.delete_template("welcome")
    assert client.templates() == []
    with pytest.raises(ApiError) as raised:
        client.template("welcome")
    assert raised.value.code == "not_found"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Hello {{ nmae }}", 'line 1, column 10: the field "nmae" does not exist; did you mean name?'),
        ("Hello {name}", "would be sent as it stands; write {{ name }}"),
        ("Hello\n{{ name", "line 2, column 1: expected '}}'"),
    ],
)
def test_a_template_that_is_not_valid_is_not_saved(client: Client, text: str, words: str) -> None:
    for call in (client.create_template, client.put_template):
        with pytest.raises(ApiError) as raised:
            call("x", text)
        assert raised.value.code == "invalid_template"
        assert words in raised.value.problem["detail"]
        assert raised.value.problem["errors"][0]["pointer"] == "/text"
    assert client.templates() == []


def test_an_empty_field_is_an_error_and_no_hole(client: Client) -> None:
    with pytest.raises(ApiError) as raised:
        client.preview_template(text="You live in {{ city }}.", contact=ANNA)
    assert raised.value.code == "invalid_template"
    assert 'the field "city" is empty' in raised.value.problem["detail"]


@pytest.mark.parametrize("name", ["a/b", " ", "x" * 101, "a\nb"])
def test_a_name_that_cannot_be_addressed_is_refused(client: Client, name: str) -> None:
    with pytest.raises(ApiError):
        client.create_template(name, "x")
    assert client.templates() == []


def test_a_name_is_taken_once(client: Client) -> None:
    client.create_template("Welcome", "x")
    with pytest.raises(ApiError, match="exists already"):
        client.create_template("welcome", "y")
    assert client.template("Welcome")["text"] == "x"


def test_the_commands(place: Site, client: Client) -> None:
    def gsmgw(*arguments: str, code: int = 0) -> str:
        result = command("--socket", str(place.socket), *arguments)
        assert result.exit_code == code, result.output
        return result.output

    assert "template 'hi' saved" in gsmgw("templates", "set", "hi", "Hi {{ name }}")
    assert "Hi {{ name }}" in gsmgw("templates")
    assert gsmgw("templates", "show", "hi") == "Hi {{ name }}\n"
    assert "Hi Anna\n" in gsmgw("templates", "preview", "hi", "--contact", ANNA)
    assert "Zoë\n" in gsmgw("templates", "preview", "--text", "{{ name }}", "--field", "name=Zoë")
    assert "did you mean name?" in gsmgw("templates", "set", "hi", "Hi {{ nam }}", code=1)
    gsmgw("templates", "set", "hi", code=2)
    assert "deleted" in gsmgw("templates", "delete", "hi")
