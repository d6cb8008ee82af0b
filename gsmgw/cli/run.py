"""gsmgw run"""

from __future__ import annotations

import gc

import click

from gsmgw.cli.exits import FAILED, NOT_NOW, USAGE, configuration_file, exit_with, fail
from gsmgw.errors import ConfigError, GsmgwError, Unavailable


@click.command()
@click.option("--config", "config_file", type=click.Path(dir_okay=False), help="Use this configuration file.")
@click.option(
    "--log-level",
    type=click.Choice(["debug", "info", "warning", "error"]),
    help="Log from this level on (default: log_level of the configuration).",
)
def run(config_file: str | None, log_level: str | None) -> None:
    """Run the gateway in the foreground until SIGTERM or SIGINT.

    Exit codes: 0 stopped, 1 failed, 2 the configuration is not valid, 75 temporary failure (an address in use, a disk
    that is not mounted, another running gateway): start it again later.
    """
    path = configuration_file(config_file)
    # Importing makes hundreds of thousands of objects that stay: looking through them for garbage takes 50 ms.
    gc.disable()
    from gsmgw import daemon

    try:
        daemon.run(path, log_level)
    except Unavailable as exc:  # not exit code 2, after which systemd does not restart
        exit_with(exc, NOT_NOW)
    except ConfigError as exc:
        exit_with(exc, USAGE)
    except GsmgwError as exc:
        fail(str(exc), FAILED)
