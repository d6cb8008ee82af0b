"""Man pages and shell completion, generated from the commands themselves."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import click
from click.shell_completion import get_completion_class

from gsmgw import __version__

#: Shell -> where its completions are looked for, below the prefix.
COMPLETION_PLACES = {
    "bash": "share/bash-completion/completions/{name}",
    "zsh": "share/zsh/vendor-completions/_{name}",
    "fish": "share/fish/vendor_completions.d/{name}.fish",
}
_EXIT_CODES = (
    ("0", "Done."),
    ("1", "The request failed."),
    ("2", "Wrong usage, or a configuration that cannot be used."),
    ("3", "No gateway answers."),
    ("4", "Timed out waiting."),
)


def man_pages(group: click.Group, name: str = "gsmgw") -> dict[str, str]:
    """File name -> page in roff, man(7), for a command and all below it: ``gsmgw-config-check.1``."""
    context = click.Context(group, info_name=name)
    return {f"{'-'.join(path)}.1": _page(path, command, ctx) for path, command, ctx in _walk((name,), group, context)}


def completion(group: click.Command, shell: str, name: str = "gsmgw") -> str:
    """The script that teaches a shell to complete the command."""
    kind = get_completion_class(shell)
    if kind is None:
        raise ValueError(f"no completion for {shell}")
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
        *_paragraphs(command.help or about),
    ]
    options = [record for param in command.get_params(context) if (record := param.get_help_record(context))]
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
            "The configuration.",
            ".TP",
            "\\fI/var/lib/gsmgw/gsmgw.db\\fR",
            "The messages.",
            ".TP",
            "\\fI/run/gsmgw/gsmgw.sock\\fR",
            "The API.",
        ]
    if len(path) > 1:
        lines += [".SH SEE ALSO", f"\\fB{_escape('-'.join(path[:-1]))}\\fR(1)"]
    return "\n".join(lines) + "\n"


def _paragraphs(text: str) -> Iterator[str]:
    for number, paragraph in enumerate(text.split("\n\n")):
        if number:
            yield ".PP"
        yield _escape(" ".join(paragraph.split()))


def _escape(text: str) -> str:
    """Text that roff takes as it is: backslashes, hyphens that are minus signs, lines that begin like a request."""
    escaped = text.replace("\\", "\\e").replace("-", "\\-").replace("…", "...")
    return "\\&" + escaped if escaped.startswith((".", "'")) else escaped
