"""Build the virtual environment that the Makefile uses: python environment.py FOLDER runtime|development

`runtime` is what gsmgw and hw-sim need to run, `development` adds what the tests and checks need. The run-time
dependencies get the versions of constraints.txt. Only the standard library is used: this runs before all else.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
import time
import venv
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
CONSTRAINTS = PROJECT / "packaging" / "constraints.txt"
#: Pip's names for its steps, and the words shown for them.
STEPS = {
    "Downloading": "downloaded",
    "Using cached": "downloaded",
    "Installing collected": "installing",
}

#: The packages of each kind, and the words shown while they are installed.
KINDS = {
    "runtime": (".[web]", "installing gsmgw"),
    "development": (".[dev]", "installing gsmgw and what its tests need"),
}


class Progress:
    """One line that counts pip's steps: rewritten on a terminal, else repeated at most every five seconds."""

    def __init__(self, title: str) -> None:
        self._title = title
        self._downloaded = 0
        self._started = time.monotonic()
        self._shown = self._started
        self._live = sys.stdout.isatty()

    def note(self, line: str) -> None:
        """Count one line of pip's output."""
        step = next((shown for start, shown in STEPS.items() if line.lstrip().startswith(start)), None)
        if step is None:
            return
        self._downloaded += step == "downloaded"
        now = time.monotonic()
        if self._live or step == "installing" or now - self._shown >= 5:
            self._shown = now
            self._write("installing" if step == "installing" else "downloading", end="\r" if self._live else "\n")

    def finish(self) -> None:
        """Write the last state, with the time that it took."""
        self._write(f"done in {time.monotonic() - self._started:.0f} s", end="\n")

    def _write(self, state: str, end: str) -> None:
        line = f"{self._title}: {self._downloaded} packages, {state}"
        print(f"\r\x1b[K{line}" if self._live else line, end=end, flush=True)


def versions() -> str:
    """Return the locked versions without their hashes: pip accepts no hashes beside an editable install."""
    return "\n".join(re.findall(r"^[a-z0-9-]+==[^ \\\n]+", CONSTRAINTS.read_text(), re.MULTILINE))


def install(python: Path, what: str, title: str) -> int:
    """Install the project in editable form and return pip's exit code; a failure prints all that pip said."""
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as constraints:
        constraints.write(versions())
        constraints.flush()
        command = [str(python), "-m", "pip", "install", "--disable-pip-version-check", "--progress-bar", "off"]
        command += ["-c", constraints.name, "-e", what]
        progress = Progress(title)
        said: list[str] = []
        with subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as pip:
            assert pip.stdout is not None
            for line in pip.stdout:
                said.append(line)
                progress.note(line)
        if pip.returncode:
            print("\n" + "".join(said), file=sys.stderr)
            print(
                "The packages could not be installed: see the last lines above. Is the network reachable?",
                file=sys.stderr,
            )
        else:
            progress.finish()
        return pip.returncode


def main() -> int:
    """Build or extend the environment."""
    folder, kind = Path(sys.argv[1]), sys.argv[2]
    if not (folder / "bin" / "pip").exists():
        print(f"creating {folder} with {sys.executable}", flush=True)
        try:
            venv.create(folder, with_pip=True, symlinks=True, clear=True)
        except (subprocess.CalledProcessError, ImportError):
            print(
                "This Python cannot create a virtual environment. Run: sudo apt install python3-venv", file=sys.stderr
            )
            return 1
    packages, title = KINDS[kind]
    code = install(folder / "bin" / "python", packages, title)
    if code == 0:
        (folder / f".{kind}").touch()
        (folder / ".runtime").touch()
    return code


if __name__ == "__main__":
    sys.exit(main())
