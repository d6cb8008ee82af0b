"""Exit codes, and how a command ends with one."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import NoReturn

from gsmgw.cli.failures import explained, no_file
from gsmgw.cli.listing import say
from gsmgw.errors import ConfigError
from gsmgw.places import find_config

#: Exit codes; 0 is success.
FAILED, USAGE, NO_DAEMON, TIMED_OUT = 1, 2, 3, 4
#: Exit code of `gsmgw run` for a temporary failure: EX_TEMPFAIL of sysexits.h.
NOT_NOW = 75


def fail(message: str, code: int = FAILED) -> NoReturn:
    """Print an error message and exit."""
    say(f"gsmgw: {message}", err=True, lines=True)
    sys.exit(code)


def exit_with(exc: ConfigError, code: int) -> NoReturn:
    """Show every problem of a configuration on a line of its own, and exit."""
    say(explained(exc), err=True, lines=True)
    sys.exit(code)


def configuration_file(explicit: str | None) -> Path:
    """Return the configuration file that is named or found, or exit."""
    path = find_config(explicit)
    if path is None:
        fail(no_file(), USAGE)
    return path
