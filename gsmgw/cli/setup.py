"""gsmgw setup, gsmgw setup system"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, cast

import click

from gsmgw.cli.backup import replace_config
from gsmgw.cli.common import TIMED_OUT, connect, fail
from gsmgw.cli.listing import say
from gsmgw.client import ApiError, Client, NoDaemon
from gsmgw.config import SEARCH
from gsmgw.errors import ConfigError
from gsmgw.escaping import visible

if TYPE_CHECKING:
    from gsmgw.install.configfile import ModemChoice
    from gsmgw.install.probing import Answer

_TEST_WAIT_S = 120.0


@dataclass(frozen=True, slots=True)
class _Wishes:
    """What the flags say; None is asked for at a terminal, and left out without one."""

    country: str | None
    pin: str | None
    ports: tuple[str, ...]
    api_listen: str | None
    ask: bool

    def text(self, given: str | None, question: str, default: str = "", *, hidden: bool = False) -> str | None:
        """The flag's value, or the answer to a question; None for an empty one."""
        if given is not None or not self.ask:
            return given
        shown = bool(default)
        answer = click.prompt(visible(question), default=default, show_default=shown, hide_input=hidden, err=True)
        return str(answer).strip() or None


@click.group(invoke_without_command=True, short_help="Find modems, write the configuration, send a text.")
@click.option("--yes", "-y", is_flag=True, help="Ask nothing: what has no flag is left out.")
@click.option("--config", "config_file", type=click.Path(dir_okay=False, path_type=Path), help="The file to write.")
@click.option("--country", help="Two letters: of numbers written without a +.")
@click.option("--port", "ports", multiple=True, metavar="NAME=PORT", help="A modem, instead of looking for them.")
@click.option("--pin", help="The PIN of the SIMs that are locked.")
@click.option("--listen", "api_listen", metavar="HOST:PORT", help="Serve the API on TCP, too.")
@click.option("--token", metavar="NAME", help="Make a token for it once the gateway runs.")
@click.option("--test-to", metavar="NUMBER", help="Send a first text there once the gateway runs.")
@click.option("--force", is_flag=True, help="Replace a configuration that is there; it is kept beside.")
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
    """Find the modems, write the configuration, send a first text.

    Asks at a terminal for what no flag says. The password of the dashboard belongs to the dashboard: it is set when
    that is installed.
    """
    if context.invoked_subcommand is not None:
        return
    wishes = _Wishes(country, pin, ports, api_listen, ask=not yes and sys.stdin.isatty())
    path = config_file or Path(SEARCH[0] if os.geteuid() == 0 else SEARCH[1]).expanduser()
    with connect(context) as client:
        running = _is_running(client)
        _write(path, wishes, force, running, client)
        if not running:
            say("Start the gateway: sudo systemctl restart gsmgw   (without a service: gsmgw run)")
            for what in filter(
                None, (token and f"gsmgw tokens create {token}", test_to and f"gsmgw send {test_to} ...")
            ):
                say(f"then: {what}")
            return
        say("The gateway takes the configuration up when it is started again: sudo systemctl restart gsmgw")
        _finish(client, wishes, token, test_to)


def _write(path: Path, wishes: _Wishes, force: bool, running: bool, client: Client) -> None:
    from gsmgw.install.configfile import Choices, build_config

    if path.exists() and not force and not _is_untouched(path):
        question = f"{path} is there already. Replace it (it is kept beside)?"
        if not (wishes.ask and click.confirm(question, err=True)):
            fail(f"{path} is there already and was left as it is; --force replaces it and keeps it beside")
    modems = _chosen_modems(wishes, running, client)
    country = wishes.text(wishes.country, "Country of numbers written without a + (two letters)", _own_country())
    listen = wishes.api_listen
    at_home = os.geteuid() != 0 and path == Path(SEARCH[1]).expanduser()
    choices = Choices(
        country=country,
        modems=tuple(modems),
        discover=not wishes.ports,
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
    say(f"{path} is written: {len(modems)} modem(s) by name, country {country or 'none'}")


def _is_untouched(path: Path) -> bool:
    """Whether it is the configuration that a package puts in place."""
    from gsmgw.install.assets import asset

    return path.read_text(encoding="utf-8", errors="replace") == asset("systemd/gsmgw.toml")


def _chosen_modems(wishes: _Wishes, running: bool, client: Client) -> list[ModemChoice]:
    """Modems that need a section of their own: those that were named, and those whose SIM wants a PIN."""
    from gsmgw.install.configfile import ModemChoice
    from gsmgw.install.probing import Candidate, candidates, probe_all

    if running:
        for modem in client.modems():
            say(f"found {modem['name']} ({modem['state']}: {modem['detail']})")
        if not wishes.ports:
            return []
    named = [_name_and_port(text) for text in wishes.ports]
    groups = [[Candidate(port, name)] for name, port in named] if named else candidates()
    found, silent = ([], []) if running else probe_all(groups)
    for sentence in silent:
        say(f"no answer: {sentence}", err=True)
    if not found and not silent and not running:
        say("no modem is plugged in; it is used when it comes", err=True)
    by_title = {answer.title: answer for answer in found}
    pins = {answer.title: _pin_for(answer, wishes) for answer in found}
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


def _pin_for(answer: Answer, wishes: _Wishes) -> str | None:
    if not answer.wants_pin:
        return None
    return wishes.text(wishes.pin, f"PIN of the SIM in {answer.title} (tried once)", hidden=True)


def _name_and_port(text: str) -> tuple[str, str]:
    name, equals, port = text.partition("=")
    if not equals or not name or not port:
        raise click.UsageError(f"--port {text}: write NAME=PORT, for example office=/dev/ttyUSB2")
    return name, port


def _own_country() -> str:
    """What the locale says: de_DE.UTF-8."""
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


def _finish(client: Client, wishes: _Wishes, token: str | None, test_to: str | None) -> None:
    """What needs the running gateway."""
    try:
        if token is not None:
            made = client.request("POST", "/v1/tokens", json={"name": token, "scopes": ["send", "read"]})
            say(f"token {token}: {made['token']}   (shown this once)")
        number = wishes.text(test_to, "Send a first text to (a number; empty for none)")
        if number is not None:
            _first_text(client, number)
    except ApiError as exc:
        fail(exc.detail)


def _first_text(client: Client, number: str) -> None:
    cursor = client.stats()["last_event"]
    sent = client.send(number, "gsmgw works.", delivery_report=False)
    try:
        for event in client.events(cursor, ["message.sent", "message.failed"], timeout_s=_TEST_WAIT_S):
            if event["message_id"] == sent["id"]:
                outcome = event["type"].removeprefix("message.")
                say(f"first text to {number}: {outcome}")
                if outcome == "failed":
                    fail(f"gsmgw show {sent['id']} says why")
                return
    except TimeoutError:
        fail(f"the first text has not gone in {_TEST_WAIT_S:.0f} s; gsmgw show {sent['id']} says why", TIMED_OUT)


@setup.command("system", short_help="Make a service of it.")
@click.option("--dry-run", is_flag=True, help="Only say what would be done.")
@click.option("--uninstall", is_flag=True, help="Take it away again; messages, configuration and user stay.")
@click.option(
    "--root", type=click.Path(file_okay=False, path_type=Path), default="/", help="Write files below DIR only."
)
@click.option(
    "--command", "command_path", type=click.Path(path_type=Path), help="The gsmgw that the service is to run."
)
def setup_system(dry_run: bool, uninstall: bool, root: Path, command_path: Path | None) -> None:
    """Make a service of it: user, group, directories, units, udev rules, completion, man pages.

    For installations by pipx or pip; the Debian package has all that. May be run again at any time, and has to be
    after an upgrade by pipx.
    """
    from gsmgw.install.system import carry_out, install_steps, uninstall_steps

    if root == Path("/") and not dry_run and os.geteuid() != 0:
        fail(f"this changes the system: sudo {sys.argv[0]} setup system   (--dry-run shows what it would do)")
    if root == Path("/") and Path("/var/lib/dpkg/info/gsmgw.list").exists():
        fail("the Debian package is installed, and has put all this in place: sudo apt remove gsmgw comes first")
    command = (command_path or Path(sys.argv[0])).resolve()
    if command.name != "gsmgw" or not command.exists():
        fail(f"{command} is not the program; name it: --command /path/to/bin/gsmgw")
    steps = (uninstall_steps if uninstall else install_steps)(
        command, cast(click.Group, click.get_current_context().find_root().command), root
    )
    failures = carry_out(steps, dry_run, say)
    if failures:
        fail(f"{len(failures)} of the steps failed, see above; run it again once they are mended")
    if not dry_run:
        say("taken away" if uninstall else "done; gsmgw doctor says whether all is well")


COMMANDS = (setup,)
