"""The ways in which programs reach a port: a pseudo-terminal, a TCP listener, or calls in the same process."""

from __future__ import annotations

from .base import Transport
from .inotify import CloseWatch
from .memory import MemoryTransport
from .pty import PtyTransport
from .tcp import TcpTransport

__all__ = ["CloseWatch", "MemoryTransport", "PtyTransport", "TcpTransport", "Transport"]
