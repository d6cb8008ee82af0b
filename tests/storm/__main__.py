"""A storm over one gateway, ten minutes long: python -m tests.storm [--seconds S] [--seed N]"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from storm.run import seconds_wanted, storm

#: How long the event loop may be held, milliseconds.
HELD_MS = 50


def main() -> None:
    """Print what a storm left; exit with 1 when something is wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=seconds_wanted(600.0))
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", type=Path, help="a directory in which log and database stay")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        directory = options.keep or Path(temporary)
        directory.mkdir(parents=True, exist_ok=True)
        found = asyncio.run(storm(directory, options.seconds, options.seed))
    print(f"{found.seconds:.0f} s, {found.sent} messages out, {found.received} in, log {found.log_bytes} bytes")
    print("poison:", ", ".join(f"{name} {count}" for name, count in sorted(found.poison.items())))
    for name in ("wall", "work"):
        print(f"loop held, {name} ms up to:", found.loop.get(name), "longest", found.loop.get(f"{name}_ms"))
    faults = found.faults
    if found.loop.get("work_ms", HELD_MS + 1) > HELD_MS:
        faults.append(f"the loop was held for {found.loop.get('work_ms')} ms of work")
        print("\n---\n".join(found.loop.get("stacks", [])))
    sys.exit("\n".join(faults) or 0)


if __name__ == "__main__":
    main()
