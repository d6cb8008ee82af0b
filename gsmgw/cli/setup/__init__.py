"""gsmgw setup, gsmgw setup system"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import cast

import click

from gsmgw.cli.exits import fail
from gsmgw.cli.failures import explained
from gsmgw.cli.gateway import connect
from gsmgw.cli.listing import count, say
from gsmgw.cli.setup.asking import Asking, checked_country, checked_number, checked_pin, working
from gsmgw.cli.setup.finishing import create_token, is_running, restart_service, send_test_message
from gsmgw.cli.setup.modems import chosen_modems, refuse_bad_ports
from gsmgw.client import Client
from gsmgw.errors import ConfigError
from gsmgw.install.configfile import Choices, ModemChoice, build_config
from gsmgw.places import SEARCH

_SYSTEM, _OWN = SEARCH


def _checked(check: Callable[[str], str]) -> Callable[[click.Context, click.Parameter, str | None], str | None]:
    """Return the callback of an option whose value is checked."""

    def callback(context: click.Context, parameter: click.Parameter, value: str | None) -> str | None:
        try:
            return None if value is None else check(value)
        except ValueError as exc:
            raise click.BadParameter(str(exc)) from None

    return callback


def _name_and_port(text: str) -> tuple[str, str]:
    name, equals, port = text.partition("=")
    if not equals or not name or not port:
        raise click.UsageError(f"--port {text}: write NAME=PORT, for example office=/dev/ttyUSB2")
    return name, port


@click.group(invoke_without_command=True, short_help="Find modems, write the configuration, send a test message.")
@click.option("--yes", "-y", is_flag=True, help="Ask no questions; leave out everything without an option.")
@click.option(
    "--config",
    "config_file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the configuration to this file.",
)
@click.option(
    "--country", callback=_checked(checked_country), help="Set the country of numbers without a +, for example DE."
)
@click.option(
    "--port", "ports", multiple=True, metavar="NAME=PORT", help="Use this modem instead of searching; may be repeated."
)
@click.option("--pin", callback=_checked(checked_pin), help="Use this PIN for locked SIMs.")
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

    At a terminal, asks for missing options. Works with and without a running gateway: a running one is asked for its
    modems, and the service is restarted with the new configuration.
    """
    if context.invoked_subcommand is not None:
        return
    asking = Asking(ask=not yes and sys.stdin.isatty())
    path = _target(config_file)
    named = [_name_and_port(text) for text in ports]
    _agree_to_replace(path, asking, force)
    country = asking.country(country)
    _check_before(Choices(country, _plain(named), api_listen=api_listen), test_to)
    with connect(context, path if path.exists() else None) as client:
        running = _look_for_gateway(client)
        gateway = client if running else None
        refuse_bad_ports(named, gateway)
        modems = chosen_modems(gateway, named, pin, asking)
        _write(path, _choices(path, country, modems, named, api_listen))
    with connect(context, path) as client:
        if restart_service(path, client):
            running = True
        elif running:
            say("Restart the gateway to apply the configuration: sudo systemctl restart gsmgw")
        if not running:
            _say_how_to_go_on(token, test_to)
            return
        if token is not None:
            create_token(client, token)
        send_test_message(client, test_to, country, asking)


def _target(config_file: Path | None) -> Path:
    """Return the file to write. Root writes that of the service; a user one of a gateway of their own."""
    if config_file is not None:
        return config_file
    if os.geteuid() == 0:
        return Path(_SYSTEM)
    if Path(_SYSTEM).parent.exists():
        fail("gsmgw is installed as a service, and only root may set it up: sudo gsmgw setup")
    return Path(_OWN).expanduser()


def _agree_to_replace(path: Path, asking: Asking, force: bool) -> None:
    """Exit unless the file may be written."""
    if not path.exists() or force or _is_untouched(path):
        return
    if not asking.confirm(f"{path} already exists. Replace it (the old file is kept as {path.name}.former)?"):
        fail(f"{path} already exists. Replace it with --force; the old file is kept as {path.name}.former")


def _is_untouched(path: Path) -> bool:
    """Return True if the file is the unchanged default configuration of a package."""
    from gsmgw.install.assets import asset

    return path.read_text(encoding="utf-8", errors="replace") == asset("systemd/gsmgw.toml")


def _plain(named: Sequence[tuple[str, str]]) -> tuple[ModemChoice, ...]:
    return tuple(ModemChoice(name, port=port) for name, port in named)


def _check_before(choices: Choices, test_to: str | None) -> None:
    """Exit if an option cannot be used, before anything is looked for or changed."""
    _built(choices)
    if test_to is not None:
        try:
            checked_number(test_to, choices.country)
        except ValueError as exc:
            raise click.BadParameter(str(exc), param_hint="--test-to") from None


def _built(choices: Choices) -> str:
    try:
        return build_config(choices)
    except ConfigError as exc:
        fail(explained(exc))


def _look_for_gateway(client: Client) -> bool:
    with working("looking for a running gateway ..."):
        running = is_running(client)
    if running:
        say(f"a gateway runs at {client.where}")
    return running


def _choices(
    path: Path,
    country: str | None,
    modems: Sequence[ModemChoice],
    named: Sequence[tuple[str, str]],
    api_listen: str | None,
) -> Choices:
    """Return the content of the file. A user's own gateway keeps its files in that user's places."""
    at_home = os.geteuid() != 0 and path == Path(_OWN).expanduser()
    return Choices(
        country=country,
        modems=tuple(modems),
        discover=not named,
        api_listen=api_listen,
        state_dir=Path("~/.local/state/gsmgw").expanduser() if at_home else None,
        socket=Path(os.environ.get("XDG_RUNTIME_DIR", "/tmp"), "gsmgw.sock") if at_home else None,
    )


def _write(path: Path, choices: Choices) -> None:
    from gsmgw.install.placing import replace_config

    content = _built(choices)
    try:
        kept = replace_config(path, content)
    except OSError as exc:
        fail(explained(exc))
    if kept is not None:
        say(f"the old file is kept as {kept}")
    say(f"{path} written: {count(len(choices.modems), 'named modem')}, country {choices.country or 'not set'}")


def _say_how_to_go_on(token: str | None, test_to: str | None) -> None:
    say("Start the gateway: sudo systemctl restart gsmgw   (without a service: gsmgw run)")
    for command in filter(None, (token and f"gsmgw tokens create {token}", f"gsmgw send {test_to or 'NUMBER'} Hello")):
        say(f"then: {command}")


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
