"""Both clients have a method for each call, with its name, arguments and documentation."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest

from gsmgw.client import AsyncClient, Client, audience_calls, calls, management_calls, procedures, user_calls

#: Helpers, and two requests that procedures make.
NOT_METHODS = {calls.given, calls.part, calls.export, calls.events, procedures.arguments}


def described(module: ModuleType) -> dict[str, Callable[..., Any]]:
    functions = inspect.getmembers(module, inspect.isfunction)
    return {
        name: each
        for name, each in functions
        if each.__module__ == module.__name__ and not name.startswith("_") and each not in NOT_METHODS
    }


@pytest.mark.parametrize("client", [Client, AsyncClient])
@pytest.mark.parametrize("module", [calls, user_calls, management_calls, audience_calls, procedures])
def test_each_call_is_a_method(client: type, module: ModuleType) -> None:
    found = described(module)
    assert found
    for name, describe in found.items():
        method = getattr(client, name)
        assert inspect.isfunction(method)
        assert (method.__name__, method.__doc__) == (name, describe.__doc__)
        itself, *arguments = inspect.signature(method).parameters.values()
        assert itself.name == "self"
        assert arguments == [*inspect.signature(describe).parameters.values()]


def test_bound_methods_belong_to_their_client() -> None:
    with Client("/nowhere") as one, Client("/nowhere") as other:
        assert one.send.__self__ is one  # type: ignore[attr-defined]
        assert one.send == one.send
        assert one.send != other.send
        assert str(inspect.signature(one.delete_group)) == "(name: 'str')"


def test_methods_of_the_asyncio_client_are_coroutine_functions() -> None:
    assert inspect.iscoroutinefunction(AsyncClient().send)
    assert inspect.isasyncgenfunction(AsyncClient().messages)
    assert not inspect.iscoroutinefunction(Client().send)
