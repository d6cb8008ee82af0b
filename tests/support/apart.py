"""Runs the command `gsmgw` with a clock that is some hours apart: python apart.py HOURS run --config FILE"""

from __future__ import annotations

import sys

from gsmgw.cli import main
from gsmgw.clock import SystemClock

if __name__ == "__main__":
    apart_ms = int(sys.argv.pop(1)) * 3_600_000
    machine_ms = SystemClock._machine_ms
    SystemClock._machine_ms = staticmethod(lambda: machine_ms() + apart_ms)  # type: ignore[method-assign]
    main()
