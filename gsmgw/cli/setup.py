"""gsmgw setup, gsmgw setup system"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, cast

import click

from gsmgw.cli.backup import replace_config
from gsmgw.cli.common import TIMED_OUT, fail
from gsmgw.cli.gateway import connect
from gsmgw.cli.listing import count, say
from gsmgw.client import ApiError, Client, NoDaemon
from gsmgw.config import SEARCH
from gsmgw.errors import ConfigError
from gsmgw.escaping import visible

if TYPE_CHECKING:
    from gsmgw.install.configfile import ModemChoice
    from gsmgw.install.probing import Answer

_TEST_WAIT_S = 120.0


@dataclass(frozen=True, slots=True)
class _Options:
    """The command's options; a missing one is asked for at a terminal and left out without one."""

    country: str | None
    pin: str | None
    ports: tuple[str, ...]
    api_listen: str | None
    ask: bool

    def text(self, given: str | None, question: str, default: str = "", *, hidden: bool = False) -> str | None:
        """Return the option's value or the answer to a question; None if it is empty."""
        if given is not None or not self.ask:
            return given
        shown = bool(default)
        answer = click.prompt(visible(question), default=default, show_default=shown, hide_input=hidden, err=True)
        return str(answer).strip() or None


@click.group(invoke_without_command=True, short_help="Find modems, write the configuration, send a test message.")
@click.option("--yes", "-y", is_flag=True, help="Ask no questions; leave out everything without an option.")
@click.option(
    "--config",
    "config_file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the configuration to this file.",
)
@click.option("--country", help="Set the country of numbers without a +, for example DE.")
@click.option(
    "--port", "ports", multiple=True, metavar="NAME=PORT", help="Use this modem instead of searching; may be repeated."
)
@click.option("--pin", help="Use this PIN for locked SIMs.")
@click.option("--listen", "api_listen", metavar="HOST:PORT", help="Also serve the API on TCP.")
@click.option("--token", metavar="NAME", help="Create an API token with this name (needs a running gateway).")
@click.option("--test-to", metavar="NUMBER", help="Send a test message to this number (needs a running gateway).")
@click.option("--force", is_flag=True, help="Replace an existing configuration; the old file is kept as .former.")
@click.pass_context
def setup(
    context: click.Context,
    yes: bool,
    config_file: Path | None,
    country: str | None,
    ports: tuple[str, ...],
    pin: str | None,
    api_listen: str | None,
    token: str | None,
    test_to: str | None,
    force: bool,
) -> None:
    """Find the modems, write the configuration, send a test message.

    At a terminal, asks for missing options. The password of the dashboard is set when you install the dashboard.
    """
    if context.invoked_subcommand is not None:
        return
    options = _Options(country, pin, ports, api_listen, ask=not yes and sys.stdin.isatty())
    path = config_file or Path(SEARCH[0] if os.geteuid() == 0 else SEARCH[1]).expanduser()
    with connect(context) as client:
        running = _is_running(client)
        _write(path, options, force, running, client)
        if not running:
            say("Start the gateway: sudo systemctl restart gsmgw   (without a service: gsmgw run)")
            for command in filter(
                None, (token and f"gsmgw tokens create {token}", test_to and f"gsmgw send {test_to} ...")
            ):
                say(f"then: {command}")
            return
        say("Restart the gateway to apply the configuration: sudo systemctl restart gsmgw")
        _finish(client, options, token, test_to)


def _write(path: Path, options: _Options, force: bool, running: bool, client: Client) -> None:
    from gsmgw.install.configfile import Choices, build_config

    if path.exists() and not force and not _is_untouched(path):
        question = f"{path} already exists. Replace it (the old file is kept as {path.name}.former)?"
        if not (options.ask and click.confirm(question, err=True)):
            fail(f"{path} already exists. Replace it with --force; the old file is kept as {path.name}.former")
    modems = _chosen_modems(options, running, client)
    country = options.text(options.country, "Country of numbers without a + (two letters)", _own_country())
    listen = options.api_listen
    at_home = os.geteuid() != 0 and path == Path(SEARCH[1]).expanduser()
    choices = Choices(
        country=country,
        modems=tuple(modems),
        discover=not options.ports,
        api_listen=listen,
        state_dir=Path("~/.local/state/gsmgw").expanduser() if at_home else None,
        socket=Path(os.environ.get("XDG_RUNTIME_DIR", "/tmp"), "gsmgw.sock") if at_home else None,
    )
    try:
        replace_config(path, build_config(choices))
    except ConfigError as exc:
        fail("\n".join(f"{exc.source}: {problem}" for problem in exc.problems))
    except OSError as exc:
        fail(f"{exc.filename or path}: {exc.strerror}")
    say(f"{path} written: {count(len(modems), 'named modem')}, country {country or 'not set'}")


def _is_untouched(path: Path) -> bool:
    """Return True if the file is the unchanged default configuration of a package."""
    from gsmgw.install.assets import asset

    return path.read_text(encoding="utf-8", errors="replace") == asset("systemd/gsmgw.toml")


def _chosen_modems(options: _Options, running: bool, client: Client) -> list[ModemChoice]:
    """Return the modems that need a section: those named by --port, and those with a locked SIM."""
    from gsmgw.install.configfile import ModemChoice
    from gsmgw.install.probing import Candidate, candidates, probe_all

    if running:
        for modem in client.modems():
            say(f"found {modem['name']} ({modem['state']}: {modem['detail']})")
        if not options.ports:
            return []
    named = [_name_and_port(text) for text in options.ports]
    groups = [[Candidate(port, name)] for name, port in named] if named else candidates()
    found, silent = ([], []) if running else probe_all(groups)
    for sentence in silent:
        say(f"no answer: {sentence}", err=True)
    if not found and not silent and not running:
        say("no modem found; it will be used when it is plugged in", err=True)
    by_title = {answer.title: answer for answer in found}
    pins = {answer.title: _pin_for(answer, options) for answer in found}
    for answer in found:
        say(f"found {answer.title} at {answer.port}, SIM: {answer.sim}")
    if named:
        return [ModemChoice(name, port=port, pin=pins.get(name)) for name, port in named]
    locked = [answer for answer in by_title.values() if pins[answer.title] is not None]
    return [
        ModemChoice(
            f"modem{number}",
            port=None if answer.imei else answer.port,
            imei=answer.imei,
            pin=pins[answer.title],
        )
        for number, answer in enumerate(locked, 1)
    ]


def _pin_for(answer: Answer, options: _Options) -> str | None:
    if not answer.wants_pin:
        return None
    return options.text(options.pin, f"PIN of the SIM in {answer.title} (tried once)", hidden=True)


def _name_and_port(text: str) -> tuple[str, str]:
    name, equals, port = text.partition("=")
    if not equals or not name or not port:
        raise click.UsageError(f"--port {text}: write NAME=PORT, for example office=/dev/ttyUSB2")
    return name, port


def _own_country() -> str:
    """Return the country of the locale, for example DE for de_DE.UTF-8."""
    for variable in ("LC_ALL", "LC_TELEPHONE", "LANG"):
        _, underscore, rest = os.environ.get(variable, "").partition("_")
        if underscore and rest[:2].isupper():
            return rest[:2]
    return ""


def _is_running(client: Client) -> bool:
    try:
        client.stats()
    except (NoDaemon, ApiError):
        return False
    return True


def _finish(client: Client, options: _Options, token: str | None, test_to: str | None) -> None:
    """Carry out the steps that need a running gateway."""
    try:
        if token is not None:
            made = client.request("POST", "/v1/tokens", json={"name": token, "scopes": ["send", "read"]})
            say(f"token {token}: {made['token']}   (shown only once)")
        number = options.text(test_to, "Send a test message to (phone number; empty: none)")
        if number is not None:
            _send_test_message(client, number)
    except ApiError as exc:
        fail(exc.detail)


def _send_test_message(client: Client, number: str) -> None:
    cursor = client.stats()["last_event"]
    sent = client.send(number, "gsmgw works.", delivery_report=False)
    try:
        for event in client.events(cursor, ["message.sent", "message.failed"], timeout_s=_TEST_WAIT_S):
            if event["message_id"] == sent["id"]:
                outcome = event["type"].removeprefix("message.")
                say(f"test message to {number}: {outcome}")
                if outcome == "failed":
                    fail(f"to see the reason: gsmgw show {sent['id']}")
                return
    except TimeoutError:
        fail(f"test message not sent after {_TEST_WAIT_S:.0f} s. To see the reason: gsmgw show {sent['id']}", TIMED_OUT)


@setup.command("system", short_help="Install gsmgw as a service.")
@click.option("--dry-run", is_flag=True, help="Show the steps without carrying them out.")
@click.option("--uninstall", is_flag=True, help="Uninstall the service; keep messages, configuration and user.")
@click.option(
    "--root",
    type=click.Path(file_okay=False, path_type=Path),
    default="/",
    help="Write files only below this directory.",
)
@click.option(
    "--command", "command_path", type=click.Path(path_type=Path), help="Set the gsmgw program that the service runs."
)
def setup_system(dry_run: bool, uninstall: bool, root: Path, command_path: Path | None) -> None:
    """Install as a service: user, group, directories, units, udev rules, completion, man pages.

    For installations with pipx or pip; the Debian package includes all of it. You can run it again at any time. Run it
    again after every upgrade with pipx.
    """
    from gsmgw.install.system import carry_out, install_steps, uninstall_steps

    if root == Path("/") and not dry_run and os.geteuid() != 0:
        fail(f"needs root: sudo {sys.argv[0]} setup system   (to see the steps only: --dry-run)")
    if root == Path("/") and Path("/var/lib/dpkg/info/gsmgw.list").exists():
        fail("the Debian package already installs the service. To remove the package: sudo apt remove gsmgw")
    command = (command_path or Path(sys.argv[0])).resolve()
    if command.name != "gsmgw" or not command.exists():
        fail(f"{command} is not the gsmgw program. Name it: --command /path/to/bin/gsmgw")
    commands = cast(click.Group, click.get_current_context().find_root().command)
    steps = (uninstall_steps if uninstall else install_steps)(command, commands, root)
    failures = carry_out(steps, dry_run, say)
    if failures:
        fail(f"{count(len(failures), 'step')} failed, see above. Fix the cause and run this command again")
    if not dry_run:
        say("uninstalled" if uninstall else "installed. To check it: gsmgw doctor")


COMMANDS = (setup,)
