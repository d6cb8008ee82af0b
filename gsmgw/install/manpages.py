"""Man pages and shell completion, generated from the commands."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from inspect import cleandoc

import click
from click.shell_completion import get_completion_class

from gsmgw import __version__

#: Path of the completion script below the prefix, by shell.
COMPLETION_PLACES = {
    "bash": "share/bash-completion/completions/{name}",
    "zsh": "share/zsh/vendor-completions/_{name}",
    "fish": "share/fish/vendor_completions.d/{name}.fish",
}
_EXIT_CODES = (
    ("0", "Done."),
    ("1", "The request failed."),
    ("2", "Wrong usage, or the configuration is not valid."),
    ("3", "The gateway is not reachable."),
    ("4", "Timed out."),
)


def man_pages(group: click.Group, name: str = "gsmgw") -> dict[str, str]:
    """Return the man pages of a command and its subcommands, man(7), by file name: ``gsmgw-config-check.1``."""
    context = click.Context(group, info_name=name)
    return {f"{'-'.join(path)}.1": _page(path, command, ctx) for path, command, ctx in _walk((name,), group, context)}


def completion(group: click.Command, shell: str, name: str = "gsmgw") -> str:
    """Return the completion script for a shell."""
    kind = get_completion_class(shell)
    if kind is None:
        raise ValueError(f"completion is not supported for {shell}")
    return kind(group, {}, name, f"_{name.replace('-', '_').upper()}_COMPLETE").source()


def _walk(
    path: tuple[str, ...], command: click.Command, context: click.Context
) -> Iterator[tuple[tuple[str, ...], click.Command, click.Context]]:
    yield path, command, context
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            found = command.get_command(context, name)
            if found is not None and not found.hidden:
                yield from _walk((*path, name), found, click.Context(found, info_name=name, parent=context))


def _page(path: tuple[str, ...], command: click.Command, context: click.Context) -> str:
    title = "-".join(path)
    month = datetime.now(UTC).strftime("%B %Y")
    about = command.get_short_help_str(200).rstrip(".")
    usage = " ".join(command.collect_usage_pieces(context))
    lines = [
        f'.TH "{title.upper()}" "1" "{month}" "gsmgw {__version__}" "gsmgw"',
        ".SH NAME",
        f"{_escape(title)} \\- {_escape(about)}",
        ".SH SYNOPSIS",
        f".B {_escape(' '.join(path))}",
        _escape(usage),
        ".SH DESCRIPTION",
        *_paragraphs(cleandoc(command.help or about)),
    ]
    options = [
        record
        for param in command.get_params(context)
        if (record := param.get_help_record(context)) and (record[1] or isinstance(param, click.Option))
    ]
    if options:
        lines.append(".SH OPTIONS")
        for name, text in options:
            lines += [".TP", f"\\fB{_escape(name)}\\fR", _escape(text) or "\\&"]
    if isinstance(command, click.Group):
        lines.append(".SH COMMANDS")
        for name in command.list_commands(context):
            below = command.get_command(context, name)
            if below is not None and not below.hidden:
                lines += [".TP", f"\\fB{_escape(name)}\\fR", _escape(below.get_short_help_str(200))]
    if len(path) == 1 and path[0] == "gsmgw":
        lines.append(".SH EXIT STATUS")
        for code, text in _EXIT_CODES:
            lines += [".TP", f"\\fB{code}\\fR", _escape(text)]
        lines += [
            ".SH FILES",
            ".TP",
            "\\fI/etc/gsmgw/gsmgw.toml\\fR",
            "Configuration file.",
            ".TP",
            "\\fI/var/lib/gsmgw/gsmgw.db\\fR",
            "Database with the messages.",
            ".TP",
            "\\fI/run/gsmgw/gsmgw.sock\\fR",
            "Unix socket of the API.",
        ]
    if len(path) > 1:
        lines += [".SH SEE ALSO", f"\\fB{_escape('-'.join(path[:-1]))}\\fR(1)"]
    return "\n".join(lines) + "\n"


def _paragraphs(text: str) -> Iterator[str]:
    for number, paragraph in enumerate(text.split("\n\n")):
        if number:
            yield ".PP"
        if paragraph.startswith("\b\n"):  # click's mark for lines that stay as they are
            yield from (".nf", ".RS 4", *map(_escape, paragraph.split("\n")[1:]), ".RE", ".fi")
        else:
            yield _escape(" ".join(paragraph.split()))


def _escape(text: str) -> str:
    """Escape a line for roff: backslashes, minus signs, and a leading dot or quote."""
    escaped = text.replace("\\", "\\e").replace("-", "\\-").replace("…", "...")
    return "\\&" + escaped if escaped.startswith((".", "'")) else escaped
