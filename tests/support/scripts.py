"""Programs of the project that are not part of a package."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

PROJECT = Path(__file__).resolve().parents[2]


def load_packaging(name: str) -> ModuleType:
    """Return the module of ``packaging/<name>.py``."""
    spec = importlib.util.spec_from_file_location(f"gsmgw_{name}", PROJECT / "packaging" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
