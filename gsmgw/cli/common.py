"""Shared by all commands: errors of the gateway, exit codes, JSON output and progress."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any, ParamSpec, TypeVar

import click

from gsmgw.cli.exits import FAILED, NO_DAEMON, TIMED_OUT, USAGE, fail
from gsmgw.cli.failures import JOIN_GROUP
from gsmgw.cli.listing import escaped_json, write_data
from gsmgw.client import ApiError, NoAnswer, NoDaemon

P = ParamSpec("P")
R = TypeVar("R")


def talks(function: Callable[P, R]) -> Callable[P, R]:
    """Decorate a command that calls the gateway: errors become a message and an exit code."""

    @wraps(function)
    def command(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return function(*args, **kwargs)
        except NoAnswer as exc:
            fail(
                f"the gateway at {exc.where} accepted the request, but {exc.reason}. It may still complete it",
                TIMED_OUT,
            )
        except NoDaemon as exc:
            fail(f"gateway not reachable at {exc.where} ({exc.reason}).\n{hint(exc)}", NO_DAEMON)
        except ApiError as exc:
            fail(explain(exc.problem))
        except BrokenPipeError:
            sys.exit(FAILED)
        except UnicodeEncodeError as exc:
            # Python decodes invalid UTF-8 in an argument to surrogates, which cannot be encoded in a request.
            fail(f"argument is not valid UTF-8: {exc.object[max(exc.start - 20, 0) : exc.end]!a}", USAGE)

    return command


def hint(exc: NoDaemon) -> str:
    """Return what to do about a gateway that is not reachable."""
    if exc.where.startswith(("http://", "https://")):
        return (
            "Check [api] listen in its configuration; use https if tls_cert is set.\n"
            "On the gateway's own machine, leave out --url: gsmgw status"
        )
    if exc.forbidden:
        return f"{JOIN_GROUP}\nOr run the command as root: sudo gsmgw ..."
    return (
        "Start it: sudo systemctl start gsmgw   (or: gsmgw run; without a modem: gsmgw demo)\n"
        "To use another socket: gsmgw --socket PATH ..., or set $GSMGW_SOCKET"
    )


def explain(problem: dict[str, Any]) -> str:
    """Return a problem document as text; several bad fields get a line each, and none is said twice."""
    lines = [str(problem.get("detail") or problem.get("title") or "the request failed")]
    if problem.get("code") == "unauthorized" and problem.get("title"):
        lines[0] = f"{problem['title']}: {lines[0]}"
    errors = problem.get("errors", [])
    if len(errors) > 1:
        said = [f"{error.get('pointer') or error.get('parameter')}: {error['detail']}" for error in errors]
        lines += [f"  {each}" for each in said if each != lines[0]]
    code = problem.get("code")
    return "\n".join(lines) + (f" [{code}]" if code else "")


#: For commands that show one object, and for commands that list objects.
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
json_lines_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON object per line.")


@contextmanager
def progress(title: str, total: int | None) -> Iterator[Callable[[int], None]]:
    """Show a progress bar if standard error is a terminal; yield a function that advances it by a count."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeRemainingColumn

    console = Console(stderr=True)
    columns = (SpinnerColumn(), TextColumn(title), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task(title, total=total)
        yield lambda count: bar.update(task, advance=count)


def print_json(value: Any) -> None:
    """Print a value as one line of JSON."""
    ascii_only = (sys.stdout.encoding or "").lower() not in ("utf-8", "utf8")
    write_data(escaped_json(json.dumps(value, ensure_ascii=ascii_only)) + "\n")
    sys.stdout.flush()
