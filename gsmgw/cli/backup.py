"""gsmgw backup, restore, config export, config import"""

from __future__ import annotations

import os
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gsmgw.cli.common import json_option, print_json, talks
from gsmgw.cli.exits import NO_DAEMON, USAGE, fail
from gsmgw.cli.failures import explained, no_file
from gsmgw.cli.gateway import connect, named_gateway
from gsmgw.cli.listing import print_table, say, write_data
from gsmgw.cli.waiting import local_time
from gsmgw.client import NoAnswer, NoDaemon
from gsmgw.config import Config, load_config, not_utf8
from gsmgw.errors import ConfigError, GsmgwError
from gsmgw.install.placing import replace_config
from gsmgw.owners import acting_as_owner
from gsmgw.places import SEARCH, closed_places, find_config

if TYPE_CHECKING:
    from gsmgw.backup import Restored

#: Long enough for a database of several gigabytes on a slow SD card.
BACKUP_TIMEOUT_S = 3600.0
_DIRECT = "To work on its files without it, name its configuration: --config FILE"
_NEW = os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC


@click.command(short_help="Back up the database and the configuration.")
@click.argument("file", required=False, type=click.Path(dir_okay=False, path_type=Path))
@click.option("--list", "as_list", is_flag=True, help="List the existing backups.")
@click.option("--verify", "only_verify", is_flag=True, help="Check that FILE is complete and readable.")
@click.option("--force", is_flag=True, help="Overwrite FILE if it exists.")
@click.option("--config", "config_file", type=click.Path(dir_okay=False), help="Use this configuration file.")
@json_option
@click.pass_context
@talks
def backup(
    context: click.Context,
    file: Path | None,
    as_list: bool,
    only_verify: bool,
    force: bool,
    config_file: str | None,
    as_json: bool,
) -> None:
    """Back up the database and the configuration. Works with and without a running gateway.

    Without FILE, add a backup to the backup directory and delete the oldest ones there ([backup] keep). With FILE,
    this command writes the file itself and must be allowed to read the database.
    """
    if only_verify:
        if file is None:
            raise click.UsageError("gsmgw backup --verify FILE")
        _verify(file, as_json)
    elif as_list:
        _list(context, config_file, as_json)
    else:
        made = _make(context, file, config_file, force)
        if as_json:
            print_json(made)
        else:
            say(f"{made['file']}: {made['messages']} messages up to event {made['last_event']}, {made['octets']} bytes")
        for missing in made["left_out"]:
            say(f"not included: {missing}", err=True)


def _make(context: click.Context, file: Path | None, config_file: str | None, force: bool) -> dict[str, Any]:
    from gsmgw.backup import as_resource, make_scheduled, write_backup

    if file is None and config_file is None:
        try:
            with connect(context) as client:
                made: dict[str, Any] = client.request("POST", "/v1/backups", timeout_s=BACKUP_TIMEOUT_S)
                return made
        except NoAnswer:
            raise  # the gateway is making the backup: a second one would only take longer
        except NoDaemon as exc:
            if named_gateway(context) is not None:
                fail(f"gateway not reachable at {exc.where} ({exc.reason}).\n{_DIRECT}", NO_DAEMON)
    path, config = _settings_of(context, config_file)
    try:
        if file is None:
            with acting_as_owner(config.database):
                file, manifest = make_scheduled(config.database, path, config.backups, config.backup.keep)
        else:
            manifest = write_backup(config.database, path, file, overwrite=force)
        return as_resource(manifest, file)
    except GsmgwError as exc:
        fail(str(exc))


def _verify(file: Path, as_json: bool) -> None:
    from gsmgw.backup import as_resource, verify

    try:
        found = as_resource(verify(file), file)
    except GsmgwError as exc:
        fail(str(exc))
    if as_json:
        print_json(found)
    else:
        say(f"{file} is good: {found['messages']} messages, made {local_time(found['created_at'])}")


def _list(context: click.Context, config_file: str | None, as_json: bool) -> None:
    from gsmgw.backup import list_backups

    found: list[dict[str, Any]] | None = None
    if config_file is None:
        with suppress(NoDaemon), connect(context) as client:
            found = client.request("GET", "/v1/backups")["data"]
    if found is None:
        try:
            found = [entry.as_resource() for entry in list_backups(_settings_of(context, config_file)[1].backups)]
        except GsmgwError as exc:
            fail(str(exc))
    if as_json:
        for entry in found:
            print_json(entry)
        return
    rows = [(local_time(entry["created_at"]), entry["octets"], entry["file"]) for entry in found]
    print_table(("made", "bytes", "file"), rows, "no backups")


@click.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option(
    "--config", "config_file", type=click.Path(dir_okay=False), help="Restore the configuration to this file."
)
@click.option(
    "--state-dir", type=click.Path(file_okay=False, path_type=Path), help="Restore the database to this directory."
)
@click.option("--keep-config", is_flag=True, help="Keep the configuration of this machine.")
@click.option(
    "--cancel-waiting", is_flag=True, help="Cancel messages that wait in the backup: they may have been sent since."
)
@click.option("--force", is_flag=True, help="Move existing files aside and replace them.")
@json_option
def restore(
    file: Path,
    config_file: str | None,
    state_dir: Path | None,
    keep_config: bool,
    cancel_waiting: bool,
    force: bool,
    as_json: bool,
) -> None:
    """Restore a backup, on this machine or another one. Stop the gateway first.

    FILE is verified first. Existing files are kept next to the restored ones, with the time in their names.
    """
    from gsmgw.backup import restore as restore_backup

    target = Path(config_file) if config_file else find_config() or Path(SEARCH[0])
    try:
        done = restore_backup(
            file, target, state_dir=state_dir, keep_config=keep_config, cancel_waiting=cancel_waiting, force=force
        )
    except GsmgwError as exc:
        fail(str(exc))
    if as_json:
        print_json(_as_json(done))
    else:
        _tell_restored(file, done)


def _as_json(done: Restored) -> dict[str, Any]:
    return {
        "written": [str(path) for path in done.written],
        "aside": {str(path): str(kept) for path, kept in done.aside.items()},
        "left_out": done.left_out,
        "waiting": done.waiting,
        "canceled": done.canceled,
        "created_at": done.manifest.created_at,
    }


def _tell_restored(file: Path, done: Restored) -> None:
    """Say what was restored, what was kept, and what happens to messages that wait."""
    for path in done.written:
        say(f"restored {path}")
    for sentence in done.left_out:
        say(f"not restored: {sentence}", err=True)
    for path, kept in done.aside.items():
        say(f"the old {path} is kept as {kept}")
    if done.canceled:
        say(f"{done.canceled} waiting messages canceled. To send one anyway: gsmgw retry ID")
    if done.waiting:
        made = datetime.fromisoformat(done.manifest.created_at).astimezone()
        say(
            f"{done.waiting} messages are waiting and will be sent when the gateway starts. If the old gateway "
            f"ran after {made:%Y-%m-%d %H:%M}, it may have sent them. To cancel them: "
            f"gsmgw restore --force --cancel-waiting {file}"
        )
    say("Start the gateway: sudo systemctl start gsmgw   (or: gsmgw run)")


@click.command("export", short_help="Write the configuration file, including its PINs.")
@click.argument("file", type=click.Path(dir_okay=False, allow_dash=True), default="-")
@click.option("--config", "config_file", type=click.Path(dir_okay=False), help="Use this configuration file.")
def export_config(file: str, config_file: str | None) -> None:
    """Write the configuration file unchanged, including its PINs, to FILE or standard output."""
    path, _ = _settings(config_file)
    if path is None:
        fail(no_file())
    content = path.read_text(encoding="utf-8")
    if file == "-":
        write_data(content)
        return
    try:
        with acting_as_owner(Path(file).parent), open(os.open(file, _NEW, 0o600), "w", encoding="utf-8") as target:
            target.write(content)
    except FileExistsError:
        fail(f"{file} already exists")
    except OSError as exc:
        fail(f"{file}: {exc.strerror}")


@click.command("import", short_help="Check a configuration file and put it in place.")
@click.argument("file", type=click.File("r", encoding="utf-8"))
@click.option("--config", "config_file", type=click.Path(dir_okay=False), help="Replace this file.")
def import_config(file: Any, config_file: str | None) -> None:
    """Replace the configuration by FILE, or - for standard input. FILE is checked first.

    The old file is kept with .former appended to its name; older ones are kept, too.
    """
    from gsmgw.checking import parse_checked

    try:
        content = file.read()
        missing = parse_checked(content, file.name).missing
    except UnicodeDecodeError as exc:
        fail(f"{file.name}: {not_utf8(exc)}")
    except ConfigError as exc:
        fail(explained(exc))
    target = Path(config_file) if config_file else find_config() or Path(SEARCH[0])
    try:
        kept = replace_config(target, content)
    except OSError as exc:
        fail(explained(exc))
    for problem in missing:
        say(f"warning: {file.name}: {problem}", err=True)
    if kept is not None:
        say(f"the old file is kept as {kept}")
    say(f"{target} replaced. Apply it: gsmgw reload")


def _settings_of(context: click.Context, config_file: str | None) -> tuple[Path | None, Config]:
    """Return the configuration of the gateway that the options name, to work on its files."""
    path, config = _settings(config_file)
    named = named_gateway(context)
    if config_file is None and named is not None and str(config.gateway.socket) != named:
        fail(f"the gateway at {named} is not that of {path or 'the default configuration'}.\n{_DIRECT}", USAGE)
    return path, config


def _settings(config_file: str | None) -> tuple[Path | None, Config]:
    path = find_config(config_file)
    if path is None:
        if closed_places():
            fail(no_file())
        return None, Config()
    try:
        return path, load_config(path)
    except ConfigError as exc:
        fail(explained(exc))
