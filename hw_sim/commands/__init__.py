"""The command table: one row per command, gathered from the modules of this package."""

from __future__ import annotations

from . import basic, identity, network, receiving, sending, services, sim, storage, text
from .row import Row

TABLE: dict[str, Row] = {
    row.name: row
    for rows in (
        basic.ROWS,
        identity.ROWS,
        sim.ROWS,
        network.ROWS,
        sending.ROWS,
        storage.ROWS,
        receiving.ROWS,
        text.ROWS,
        services.ROWS,
    )
    for row in rows
}

__all__ = ["TABLE", "Row"]
