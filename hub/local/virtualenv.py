"""Makes `.venv` and keeps it in step with a requirements file. Run by path with any Python from 3.11, before anything
is installed: `python virtualenv.py requirements-local.txt`.

The second run must cost nothing, so a stamp with the hash of the file says that it is installed. An interrupted
installation can leave half a package that pip takes for a whole one; a mark that outlives it makes the next run begin
anew.
"""

import contextlib
import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent.parent
FOLDER = CHECKOUT / ".venv"
PYTHON = FOLDER / "bin" / "python"
UNFINISHED = FOLDER / "unfinished"


def main(requirements):
    source = CHECKOUT / requirements
    stamp = FOLDER / f"installed-{source.stem}"
    expected = f"{hashlib.sha256(source.read_bytes()).hexdigest()} {sys.version_info[0]}.{sys.version_info[1]}\n"
    if is_installed(stamp, expected):
        return
    with one_at_a_time() as lock:
        if is_installed(stamp, expected):
            return
        if UNFINISHED.exists() or not works(PYTHON):
            create()
        UNFINISHED.touch()
        install(source, lock)
        stamp.write_text(expected)
        UNFINISHED.unlink()


def is_installed(stamp, expected):
    if UNFINISHED.exists() or not PYTHON.exists():
        return False
    return stamp.exists() and stamp.read_text() == expected


@contextlib.contextmanager
def one_at_a_time():
    """`make run` and `make test` in two terminals of a new checkout must not fill the same folder together.

    The installers inherit the lock, so it also covers one that goes on after we were killed.
    """
    lock = os.open(CHECKOUT, os.O_RDONLY)
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("Another installation into .venv is running; waiting for it ...")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield lock
    finally:
        os.close(lock)


def create():
    say("Making the virtual environment in .venv ...")
    # Without pip: uv needs none, and Debian's Python can make one even where python3-venv is missing.
    subprocess.run([sys._base_executable, "-m", "venv", "--clear", "--without-pip", FOLDER], check=True)


def install(source, lock):
    start = time.monotonic()
    if shutil.which("uv") and works("uv"):
        say(f"Installing {source.name} with uv ...")
        command = ["uv", "pip", "install", "--python", PYTHON, "--require-hashes", "-r", source]
        if subprocess.run(command, pass_fds=[lock], check=False).returncode == 0:
            return report(source, start)
        say("uv could not; trying pip.")
    total = len(re.findall(r"^[\w.-]+(?:\[[\w,-]+\])?==", source.read_text(), re.MULTILINE))
    say(f"Installing {source.name} with pip: {total} packages, some minutes the first time ...")
    command = [*pip(), "install", "--no-input", "--disable-pip-version-check", "--require-hashes", "-r", source]
    if returncode := counted(command, total, lock):
        sys.exit(f"pip ended with {returncode}; the messages above say why. Run the same command again to retry.")
    return report(source, start)


def pip():
    """The new environment's own pip, or another that can install into it."""
    own = [PYTHON, "-m", "pip"]
    if not works(*own):
        with contextlib.suppress(subprocess.CalledProcessError):
            subprocess.run([PYTHON, "-m", "ensurepip", "--default-pip"], check=True, capture_output=True)
    if works(*own):
        return own
    outside = [sys._base_executable, "-m", "pip", "--python", PYTHON]
    if works(*outside):
        return outside
    sys.exit("This Python has no pip. On Debian and Ubuntu: apt-get install python3-venv")


def counted(command, total, lock):
    """Run pip; show a line for every tenth package, and all it said when it fails."""
    said = []
    seen = 0
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace", pass_fds=[lock]
    )
    for line in process.stdout:
        said.append(line)
        if line.startswith("Collecting "):
            seen += 1
            if seen % 10 == 0:
                say(f"  {seen} of at most {total}: {line.split()[1].split('==')[0]}")
        elif line.startswith("Installing collected packages"):
            say("  all fetched, unpacking ...")
    if process.wait():
        sys.stderr.writelines(said[-30:])
    return process.returncode


def works(*command):
    try:
        return subprocess.run([*command, "--version"], capture_output=True, check=False).returncode == 0
    except OSError:
        return False


def report(source, start):
    say(f"{source.name} installed in {time.monotonic() - start:.0f} s.")


def say(line):
    print(line, flush=True)


if __name__ == "__main__":
    try:
        main(sys.argv[1])
    except KeyboardInterrupt:
        sys.exit("\nInterrupted; the next run begins anew.")
