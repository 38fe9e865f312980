"""Sets up `.venv` in the checkout: system libraries, pinned packages, the compiled engine, the `nibble` command.

Does nothing when the lock files and the engine's build key are the ones of the last complete set-up.
Needs only the standard library of Python 3.11 or later.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import engine_build
import system_packages

ROOT = Path(__file__).resolve().parent.parent
LOCKS = ROOT / "packaging" / "locks"
VENV = ROOT / ".venv"
STAMP = VENV / "nibble-setup.txt"


def venv_python() -> Path:
    """The interpreter of `.venv` on this platform."""
    return VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def wanted_stamp() -> str:
    """What the last complete set-up must have been made from to be good now."""
    digest = hashlib.sha256()
    for lock in sorted(LOCKS.glob("*.txt")):
        digest.update(lock.read_bytes())
    digest.update(engine_build.build_key(LOCKS / "engine.txt").encode())
    digest.update(str(ROOT).encode())
    return digest.hexdigest()


def run_pip(*arguments: str) -> None:
    """Pip of `.venv`; its own failure text is enough, so a failure ends the set-up."""
    command = [str(venv_python()), "-m", "pip", "--disable-pip-version-check"]
    subprocess.run([*command, *arguments], check=True)


def set_up() -> None:
    """Make `.venv` from nothing; compiling llama.cpp takes about 4 minutes on 2 free cores."""
    started = time.monotonic()
    if VENV.exists():
        shutil.rmtree(VENV)
    print("Setting up .venv ...", flush=True)
    subprocess.run([sys.executable, "-m", "venv", str(VENV)], check=True)
    locked = [
        part for name in ("app", "dev", "build") for part in ("-r", str(LOCKS / f"{name}.txt"))
    ]
    run_pip("install", "--quiet", "--require-hashes", *locked)
    engine_build.install(venv_python(), LOCKS / "engine.txt")
    run_pip("install", "--quiet", "--no-deps", "--no-build-isolation", "-e", str(ROOT))
    if not engine_build.prove(venv_python(), ROOT, LOCKS / "engine.txt"):
        sys.exit(
            "The engine that was just built does not work on this computer: see the lines above."
        )
    STAMP.write_text(wanted_stamp(), encoding="utf-8")
    print(f"Ready after {time.monotonic() - started:.0f} s.", flush=True)


def main() -> int:
    """Bring the environment up to date; exit code 1 with one line when that is impossible."""
    if sys.version_info < (3, 11):  # noqa: UP036 - the first thing a newcomer may get wrong
        print(f"Nibble needs Python 3.11 or later; this is {sys.version.split()[0]}.")
        return 1
    if STAMP.exists() and STAMP.read_text(encoding="utf-8") == wanted_stamp():
        return 0
    system_packages.ensure()
    try:
        set_up()
    except subprocess.CalledProcessError as error:
        print(f"Set-up stopped: `{' '.join(map(str, error.cmd))}` failed ({error.returncode}).")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
