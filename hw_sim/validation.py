"""Checks of values that users give by name: options of a fault, rules of the network, fields of an operation.

Annotations say which values are valid. An error names the value, what is wrong, and what to use; an unknown name gets
the nearest known one.
"""

from __future__ import annotations

import difflib
import inspect
import math
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints


class OptionError(ValueError):
    """A value that is not valid, or an unknown name."""


@dataclass(frozen=True, slots=True)
class Within:
    """Bounds of a number, both included."""

    low: float
    high: float = math.inf

    def __str__(self) -> str:
        return f"{self.low:g} or more" if self.high == math.inf else f"{self.low:g} to {self.high:g}"


@dataclass(frozen=True, slots=True)
class OneOf:
    """The valid texts, where a Literal cannot name them."""

    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Form:
    """The form of a text, as a regular expression and in words."""

    pattern: str
    words: str


Share = Annotated[float, Within(0, 1)]
Seconds = Annotated[float, Within(0)]
Count = Annotated[int, Within(1)]
#: The name of a link in the simulation's directory.
LinkName = Annotated[str, Form(r"[A-Za-z0-9_][A-Za-z0-9_.-]*", "a file name of letters, digits, dots, - and _")]
#: Part of a line of a modem; each character up to U+00FF stands for a byte.
LineText = Annotated[str, Form(r"[\x20-\xff]+", "printable characters up to U+00FF")]
#: Seconds between repetitions; shorter ones would leave no time for anything else.
Interval = Annotated[float, Within(0.001)]
#: <err> of +CMS ERROR and +CME ERROR.
ErrorCode = Annotated[int, Within(0, 65535)]
#: <rssi> of +CSQ; 99 is not known.
Rssi = Annotated[int, Within(0, 99)]
Number = Annotated[str, Form(r"\+?[0-9]+", "digits, with a + or without")]
Pin = Annotated[str, Form(r"[0-9]{4,8}", "4 to 8 digits")]


def invalid(where: str, value: object, valid: str) -> OptionError:
    """Return the error of a value that is not valid. ``valid`` says what is."""
    return OptionError(f"{where}: {value!r} is not valid; use {valid}")


def nearest(name: str, known: Iterable[str]) -> str:
    """Return the end of an error about an unknown ``name``: the nearest known name, or all of them."""
    names = sorted(known)
    near = difflib.get_close_matches(name.lower(), names, 1)
    if not near and len(name) > 2:
        near = [known_name for known_name in names if name.lower() in known_name]
    if near:
        return f"; did you mean {' or '.join(near)}?"
    if len(names) < 2:
        return f"; use {names[0]}" if names else "; none is valid here"
    return f"; use one of {', '.join(names)}"


def parameters(function: Callable[..., Any], skip: int = 1) -> dict[str, inspect.Parameter]:
    """Return the parameters of a function by name, without the first ``skip``; ``from_`` is called ``from``."""
    found = list(inspect.signature(function).parameters.values())[skip:]
    return {entry.name.rstrip("_"): entry for entry in found if entry.kind is not inspect.Parameter.VAR_KEYWORD}


def arguments(
    function: Callable[..., Any], given: Mapping[str, Any], *, where: str, noun: str, skip: int = 1
) -> dict[str, Any]:
    """Return ``given`` as keyword arguments of ``function``. Raises OptionError, whose text begins with ``where``.

    ``noun`` is the word for one of them ("option"). Other names pass when the function takes any (``**rest``).
    """
    known = parameters(function, skip)
    hints = get_type_hints(function, include_extras=True)
    signature = inspect.signature(function).parameters.values()
    takes_any = any(entry.kind is inspect.Parameter.VAR_KEYWORD for entry in signature)
    for name in given:
        if name not in known and not takes_any:
            raise OptionError(f"{where}: unknown {noun} '{name}'{nearest(name, known)}")
    missing = [name for name, entry in known.items() if entry.default is entry.empty and name not in given]
    if missing:
        raise OptionError(f"{where}: missing {noun} {' and '.join(missing)}")
    made = {name: value for name, value in given.items() if name not in known}
    for name in known.keys() & given.keys():
        hint, value = hints[known[name].name], given[name]
        if type(value) is int and _is_text(hint):  # a command line cannot tell 1234 from "1234"
            value = str(value)
        made[known[name].name] = convert(hint, value, f"{where}: {name}")
    return made


def _is_text(hint: Any) -> bool:
    return hint is str or (get_origin(hint) in (Annotated, Union, UnionType) and any(map(_is_text, get_args(hint))))


def convert(wanted: Any, value: Any, where: str) -> Any:
    """Return ``value`` as the annotation ``wanted`` says. Raises OptionError, whose text begins with ``where``."""
    origin, args = get_origin(wanted), get_args(wanted)
    if wanted is Any:
        return value
    if origin is Annotated:
        return _within(args[1], convert(args[0], value, where), where)
    if origin in (Union, UnionType):
        if value is None and NoneType in args:
            return None
        (kind,) = (arg for arg in args if arg is not NoneType)
        return convert(kind, value, where)
    if origin is Literal:
        return _one_of(args, value, where)
    if origin is tuple:
        return _tuple(args, value, where)
    if origin in (dict, Mapping):
        if not isinstance(value, dict):
            raise invalid(where, value, "a table")
        return {key: convert(args[1], item, f"{where}.{key}") for key, item in value.items()}
    if origin is list:
        if not isinstance(value, list):
            raise invalid(where, value, "a list")
        return [convert(args[0], item, f"{where}[{at}]") for at, item in enumerate(value)]
    return _plain(wanted, value, where)


_WORDS = {int: "a whole number", float: "a number", str: "text", bool: "true or false"}


def _plain(wanted: Any, value: Any, where: str) -> Any:
    number = isinstance(value, int) and not isinstance(value, bool)
    if wanted is float and number:
        return float(value)
    if not isinstance(value, wanted) or (wanted is int and not number):
        raise invalid(where, value, _WORDS.get(wanted, wanted.__name__))
    return value


def _tuple(args: tuple[Any, ...], value: Any, where: str) -> tuple[Any, ...]:
    if not isinstance(value, list | tuple):
        raise invalid(where, value, "a list")
    if args[-1:] == (...,):
        return tuple(convert(args[0], item, f"{where}[{at}]") for at, item in enumerate(value))
    if len(args) != len(value):
        raise invalid(where, value, f"{len(args)} values")
    return tuple(convert(kind, item, where) for kind, item in zip(args, value, strict=True))


def _within(limit: Within | OneOf | Form, value: Any, where: str) -> Any:
    if isinstance(limit, OneOf):
        return _one_of(limit.names, value, where)
    if isinstance(limit, Form):
        if not re.fullmatch(limit.pattern, value):
            raise invalid(where, value, limit.words)
    elif not limit.low <= value <= limit.high:  # false for NaN, too
        raise invalid(where, value, str(limit))
    return value


def _one_of(names: tuple[str, ...], value: Any, where: str) -> Any:
    if value not in names:
        raise invalid(where, value, f"one of {', '.join(map(str, names))}")
    return value
