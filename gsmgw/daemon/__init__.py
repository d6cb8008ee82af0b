"""The composition root: the only place that knows the concrete classes of all layers."""

from gsmgw.daemon.gateway import Gateway
from gsmgw.daemon.process import run

__all__ = ["Gateway", "run"]
