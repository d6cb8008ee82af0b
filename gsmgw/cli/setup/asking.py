"""Questions of setup: checked when they are answered, and asked again until the answer can be used."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeVar

import click

from gsmgw.cli.listing import say
from gsmgw.config import known_country
from gsmgw.digits import is_digits
from gsmgw.escaping import visible
from gsmgw.numbers import NumberError, parse_recipient

T = TypeVar("T")


def checked_country(text: str) -> str:
    """Return a country code. Raises ValueError."""
    return known_country(text)


def checked_pin(text: str) -> str:
    """Return a PIN. Raises ValueError; the message does not contain the PIN."""
    if not (4 <= len(text) <= 8 and is_digits(text)):
        raise ValueError("a PIN has 4 to 8 digits")
    return text


def checked_number(text: str, country: str | None) -> str:
    """Return a number in E.164. Raises ValueError."""
    try:
        return parse_recipient(text, country)
    except NumberError as exc:
        raise ValueError(f"{text!r} {exc}") from None


@dataclass(frozen=True, slots=True)
class Asking:
    """Asks for what no option gives; ``ask`` is False without a terminal, and then nothing is asked."""

    ask: bool

    def country(self, given: str | None) -> str | None:
        """Return the country of numbers without a +."""
        question = "Country of numbers without a + (two letters; empty: none)"
        return given if given is not None else self._answer(question, checked_country, _own_country())

    def pin(self, title: str) -> str | None:
        """Return the PIN of a SIM; None if it is to stay locked."""
        return self._answer(f"PIN of the SIM in {title} (empty: leave it locked)", checked_pin, hidden=True)

    def number(self, country: str | None) -> str | None:
        """Return the number for a test message; None for none."""
        question = "Send a test message to (phone number; empty: none)"
        return self._answer(question, lambda text: checked_number(text, country))

    def confirm(self, question: str) -> bool:
        """Return True if a person says yes."""
        return self.ask and click.confirm(visible(question), err=True)

    def _answer(self, question: str, check: Callable[[str], T], default: str = "", *, hidden: bool = False) -> T | None:
        while self.ask:
            text = click.prompt(
                visible(question), default=default, show_default=bool(default), hide_input=hidden, err=True
            )
            if not (answer := str(text).strip()):
                break
            try:
                return check(answer)
            except ValueError as exc:
                say(str(exc), err=True)
        return None


@contextmanager
def working(sentence: str) -> Iterator[Callable[[str], None]]:
    """Show what is waited for: with a spinner at a terminal, else a line for each change.

    Yields a function that replaces the sentence.
    """
    from rich.console import Console

    console = Console(stderr=True, highlight=False)
    if console.is_terminal:
        with console.status(visible(sentence)) as status:
            yield lambda text: status.update(visible(text))
        return
    shown = [sentence]
    say(sentence, err=True)

    def show(text: str) -> None:
        if text != shown[-1]:
            shown.append(text)
            say(text, err=True)

    yield show


def _own_country() -> str:
    """Return the country of the locale, for example DE for de_DE.UTF-8."""
    for variable in ("LC_ALL", "LC_TELEPHONE", "LANG"):
        _, underscore, rest = os.environ.get(variable, "").partition("_")
        if underscore and rest[:2].isupper():
            return rest[:2]
    return ""
