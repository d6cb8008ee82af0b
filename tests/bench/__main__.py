"""Run every benchmark, or those named: python -m tests.bench [name ...]"""

from __future__ import annotations

import importlib
import pkgutil
import sys

import tests.bench


def main(wanted: list[str]) -> None:
    """Run them one after the other."""
    names = [module.name for module in pkgutil.iter_modules(tests.bench.__path__) if not module.name.startswith("_")]
    unknown = [name for name in wanted if name not in names]
    if unknown:
        sys.exit(f"no benchmark {', '.join(unknown)}; there are {', '.join(names)}")
    for name in wanted or names:
        print(f"-- {name}", flush=True)
        importlib.import_module(f"tests.bench.{name}").main()


main(sys.argv[1:])
