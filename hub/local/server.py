"""What the local PostgreSQL and the local Valkey have in common: a folder, a lease, a keeper, a socket."""

import contextlib
import fcntl
import hashlib
import os
import signal
import stat
import subprocess
import sys
import tempfile
import time
from pathlib import Path

KEEPER = Path(__file__).with_name("keeper.py")
# The smallest limit of the systems we run on (macOS); Linux allows three more.
LONGEST_SOCKET_PATH = 103
SECONDS_TO_STOP = 10
LARGEST_LOG = 5 * 1024 * 1024


class LocalServerError(RuntimeError):
    """The local server cannot be used; the message says why and what to do."""


class LocalServer:
    """A server that lives in `home/<name>` while at least one process holds its lease.

    `start` attaches to a running server or launches one; `stop` gives the lease back, and the keeper ends the server
    when that lease was the last. Usable as a context manager.
    """

    name = ""
    socket_name = ""
    stop_signal = signal.SIGTERM
    seconds_to_start = 60

    def __init__(self, home):
        self.folder = Path(home).resolve() / self.name
        self._lease = None
        self._keeper = None

    # What a kind of server adds.

    def prepare(self):
        """Bring the folder into a state in which `command` can start."""

    def command(self):
        raise NotImplementedError

    def answers(self):
        """Whether the server takes connections now."""
        raise NotImplementedError

    def account(self):
        """`(uid, gid)` the server runs as, or None for our own."""
        return None

    # What every kind shares.

    @property
    def log(self):
        return self.folder / "server.log"

    @property
    def run(self):
        """The folder of the socket: in the checkout, or in the temporary folder where that path is too long."""
        folder = self.folder / "run"
        if len(os.fsencode(folder / self.socket_name)) <= LONGEST_SOCKET_PATH:
            return folder
        digest = hashlib.sha256(os.fsencode(self.folder)).hexdigest()[:12]
        return Path(tempfile.gettempdir()) / f"city-networks-hub-{os.geteuid()}-{digest}"

    def start(self):
        try:
            self._take_lease()
            self._attach_or_launch()
        except PermissionError as error:
            self.stop()
            raise LocalServerError(
                f"{error.filename} belongs to another user: run this as that user, or remove {self.folder.parent}."
            ) from error
        except BaseException:
            self.stop()
            raise
        return self

    def stop(self):
        """Give the lease back; wait for the end of the server when we launched it and nobody else uses it."""
        if self._lease is None:
            return
        last = locked(self._lease)
        self._lease.close()
        self._lease = None
        if self._keeper and last:
            # Bounded, because a newcomer may have taken the lease between the two lines above.
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._keeper.wait(SECONDS_TO_STOP)
        self._keeper = None

    def __enter__(self):
        return self.start()

    def __exit__(self, *exception):
        self.stop()

    def _take_lease(self):
        self.folder.mkdir(parents=True, exist_ok=True)
        # Open for as long as the server is used.
        self._lease = (self.folder / "lease").open("a+")
        # Waits only while a keeper is stopping the server.
        fcntl.flock(self._lease, fcntl.LOCK_SH)

    def _attach_or_launch(self):
        deadline = time.monotonic() + self.seconds_to_start
        while True:
            with open(self.folder / "keeper", "a+") as keeper_lock:
                # Whoever gets this lock knows that no keeper lives, and hands the lock on to the one it launches.
                if locked(keeper_lock):
                    if self._keeper:
                        raise LocalServerError(f"The local {self.name} did not start. {self._last_words()}")
                    self.prepare()
                    self._launch(keeper_lock)
            if self.answers():
                return
            if time.monotonic() > deadline:
                raise LocalServerError(f"The local {self.name} does not answer. {self._last_words()}")
            time.sleep(0.02)

    def _launch(self, keeper_lock):
        account = self.account()
        make_private(self.run, account)
        if self.log.exists() and self.log.stat().st_size > LARGEST_LOG:
            self.log.unlink()
        arguments = [
            self.folder / "lease",
            self.stop_signal.name,
            f"{account[0]}:{account[1]}" if account else "",
            *self.command(),
        ]
        with open(self.log, "ab") as log:
            self._keeper = subprocess.Popen(
                [sys.executable, "-S", "-E", str(KEEPER), *map(str, arguments)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd="/",
                env=server_environment(),
                pass_fds=[keeper_lock.fileno()],
                # Ctrl-C in the terminal must reach the users of the server first.
                start_new_session=True,
            )

    def _last_words(self):
        if not self.log.exists():
            return ""
        lines = self.log.read_text(errors="replace").splitlines()[-8:]
        return "\n  ".join([f"The end of {self.log}:", *lines])


def server_environment():
    """Our environment without what would redirect PostgreSQL's programs (PGHOST, PGDATA, PGOPTIONS ...)."""
    return {name: value for name, value in os.environ.items() if not name.startswith("PG")}


def make_private(folder, account=None):
    """Make `folder` readable by its owner alone, and refuse one that somebody else has put there."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    found = folder.lstat()
    trusted = {os.geteuid(), account[0] if account else os.geteuid()}
    if not stat.S_ISDIR(found.st_mode) or found.st_uid not in trusted:
        raise LocalServerError(f"{folder} belongs to another user: remove it, or run this as that user.")
    if account:
        os.chown(folder, *account)
    folder.chmod(0o700)


def locked(file):
    """Take the exclusive lock of an open file if nobody else holds one."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
