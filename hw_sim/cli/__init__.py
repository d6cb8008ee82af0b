"""The command ``hw-sim``. Exit codes: 0 done, 1 refused, 2 wrong usage, 3 no simulator."""

from __future__ import annotations

from .main import main
from .recording import record, replay
from .requests import ask, fault, live, network, phone, plug, send, status
from .run import run
from .tables import faults, profiles

for _command in (run, send, fault, phone, status, profiles, live, ask, network, plug, faults, record, replay):
    main.add_command(_command)

__all__ = ["main"]
