"""What the commands share: the way to the gateway, exit codes, tables and times."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import wraps
from typing import Any, NoReturn, ParamSpec, TypeVar

import click

from gsmgw.cli.listing import escaped_json, say, write_data
from gsmgw.client import DEFAULT_SOCKET, ApiError, Client, NoAnswer, NoDaemon
from gsmgw.config import find_config, load_config
from gsmgw.errors import ConfigError

P = ParamSpec("P")
R = TypeVar("R")

#: Exit codes: 0 done.
FAILED, USAGE, NO_DAEMON, TIMED_OUT = 1, 2, 3, 4
#: Of `gsmgw run`: EX_TEMPFAIL of sysexits.h.
NOT_NOW = 75


def fail(message: str, code: int = FAILED) -> NoReturn:
    """End with a sentence on standard error."""
    say(f"gsmgw: {message}", err=True, lines=True)
    sys.exit(code)


def socket_path(explicit: str | None) -> str:
    """Where the gateway listens: ``--socket``, $GSMGW_SOCKET, the configuration, the usual place."""
    named = explicit or os.environ.get("GSMGW_SOCKET")
    if named:
        return named
    path = find_config()
    if path is not None:
        try:
            return str(load_config(path).gateway.socket)
        except ConfigError:
            return DEFAULT_SOCKET
    return DEFAULT_SOCKET


def connect(context: click.Context) -> Client:
    """A client of the gateway that the options name."""
    options = context.find_root().params
    if options.get("url"):
        try:
            return Client(url=options["url"], token=options.get("token"), ca_file=options.get("ca_file"))
        except ValueError as exc:
            raise click.UsageError(str(exc)) from None
    return Client(socket_path(options.get("socket")))


def talks(function: Callable[P, R]) -> Callable[P, R]:
    """Turn what the gateway answers, or that it does not, into a sentence and an exit code."""

    @wraps(function)
    def command(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return function(*args, **kwargs)
        except NoAnswer as exc:
            fail(
                f"the gateway at {exc.where} has the request: {exc.reason}. It may have been done, or be done later",
                TIMED_OUT,
            )
        except NoDaemon as exc:
            fail(f"no gateway answers at {exc.where} ({exc.reason}).\n{_cure(exc.where)}", NO_DAEMON)
        except ApiError as exc:
            fail(explain(exc.problem))
        except BrokenPipeError:
            sys.exit(FAILED)
        except UnicodeEncodeError as exc:
            # Python hands octets of an argument that are no UTF-8 on as surrogates, which no request can carry.
            fail(f"an argument is not UTF-8: {exc.object[max(exc.start - 20, 0) : exc.end]!a}", USAGE)

    return command


def _cure(where: str) -> str:
    if where.startswith(("http://", "https://")):
        return (
            "Is that the address of [api] listen in its configuration, with https where it has a certificate?\n"
            "On its own machine no address is needed: gsmgw status"
        )
    return (
        "Start it with: gsmgw run   (or: sudo systemctl start gsmgw; gsmgw demo needs no modem)\n"
        "Another socket: gsmgw --socket PATH ..., or $GSMGW_SOCKET"
    )


def explain(problem: dict[str, Any]) -> str:
    """A problem document in a sentence, and each bad field on its line."""
    lines = [str(problem.get("detail") or problem.get("title") or "the request failed")]
    if problem.get("code") == "unauthorized" and problem.get("title"):
        lines[0] = f"{problem['title']}: {lines[0]}"
    errors = problem.get("errors", [])
    if len(errors) > 1:
        lines += [f"  {error.get('pointer') or error.get('parameter')}: {error['detail']}" for error in errors]
    code = problem.get("code")
    return "\n".join(lines) + (f" [{code}]" if code else "")


#: Of commands that show one thing, and of those that list.
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")
json_lines_option = click.option("--json", "as_json", is_flag=True, help="One JSON object per line, for programs.")


@contextmanager
def progress(title: str, total: int | None) -> Iterator[Callable[[int], None]]:
    """A bar on standard error where that is a terminal; what is yielded moves it on by so many."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeRemainingColumn

    console = Console(stderr=True)
    columns = (SpinnerColumn(), TextColumn(title), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task(title, total=total)
        yield lambda count: bar.update(task, advance=count)


def print_json(value: Any) -> None:
    """One line of JSON."""
    ascii_only = (sys.stdout.encoding or "").lower() not in ("utf-8", "utf8")
    write_data(escaped_json(json.dumps(value, ensure_ascii=ascii_only)) + "\n")
    sys.stdout.flush()


def local_time(stamp: str | None) -> str:
    """A time of the API in the zone of this machine, short."""
    if not stamp:
        return ""
    moment = datetime.fromisoformat(stamp).astimezone()
    today = datetime.now(UTC).astimezone().date()
    return moment.strftime("%H:%M:%S" if moment.date() == today else "%Y-%m-%d %H:%M")
