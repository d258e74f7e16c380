"""The local servers: they come when needed, stay while used, and leave nothing behind."""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import psycopg2
import pytest
import redis

import manage
from hub.local import CHECKOUT
from hub.local.messages import BrokenCatalog, check_messages, compile_messages
from hub.local.postgres import SETTINGS, Postgres, find_binaries, locale_options
from hub.local.processes import Child, Processes, listening_socket
from hub.local.server import LocalServerError
from hub.local.services import local_services
from hub.local.valkey import Valkey

USER_OF_THE_SERVERS = """
import sys
from pathlib import Path
from hub.local.services import local_services
import os
with local_services(Path(sys.argv[1]), durable=False):
    print(os.environ["DATABASE_URL"], os.environ["REDIS_URL"], flush=True)
    sys.stdin.read()
"""
CATALOG = """
msgid ""
msgstr ""
"Content-Type: text/plain; charset=UTF-8\\n"
"Language: {language}\\n"
"Plural-Forms: nplurals=2; plural=(n != 1);\\n"

#, {flags}
msgid "Hello %(name)s"
msgstr "{translation}"
"""


@pytest.fixture(scope="module")
def home():
    """A folder like that of a checkout; pytest's own are closed to the account PostgreSQL runs as."""
    folder = Path(tempfile.mkdtemp(prefix="hub "))
    folder.chmod(0o755)
    yield folder / ".local"
    shutil.rmtree(folder)


@pytest.fixture
def bare_environment(monkeypatch):
    for name in ("DATABASE_URL", "REDIS_URL", "PGHOST"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def other_user(home, bare_environment):
    """Another process that uses the servers, and their addresses."""
    process = subprocess.Popen(
        [sys.executable, "-c", USER_OF_THE_SERVERS, home],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=CHECKOUT,
    )
    process.addresses = process.stdout.readline().split()
    yield process
    process.kill()
    process.communicate()


def answer(url, question):
    connection = psycopg2.connect(url)
    try:
        with connection.cursor() as cursor:
            cursor.execute(question)
            return cursor.fetchone()[0]
    finally:
        connection.close()


def ends(process_id, *, seconds=10):
    """Whether the process is gone (or waits to be collected) within so many seconds."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            state = Path(f"/proc/{process_id}/stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            return True
        if state == "Z":
            return True
        time.sleep(0.02)
    return False


def postmaster(home):
    return int((Postgres(home).data / "postmaster.pid").read_text().split()[0])


# One server -------------------------------------------------------------------------------------


def test_postgres_started_answers_until_stopped(home):
    with Postgres(home, durable=False) as postgres:
        assert answer(postgres.url, "SELECT lower('ÅÄÖ')") == "åäö"
        assert answer(postgres.url, "SHOW jit") == "off"
        assert answer(postgres.url, "SHOW listen_addresses") == ""
        process_id = postmaster(home)

    assert ends(process_id, seconds=0.1)
    assert not postgres.answers()


def test_postgres_durable_writes_safely():
    assert not SETTINGS.keys() & {"fsync", "full_page_writes", "synchronous_commit"}


def test_valkey_started_answers_until_stopped(home):
    with Valkey(home) as valkey:
        assert redis.Redis.from_url(valkey.url).ping()

    assert not valkey.answers()


def test_valkey_address_works_for_celery(home):
    from celery import Celery

    with Valkey(home) as valkey:
        application = Celery(broker=valkey.url.replace("unix://", "redis+socket://"))
        with application.connection_for_write() as connection:
            connection.ensure_connection(max_retries=1)
            queue = connection.SimpleQueue("greetings")
            queue.put("hello")
            queue.close()

        assert redis.Redis.from_url(valkey.url).llen("greetings") == 1


@pytest.mark.skipif(os.geteuid() != 0, reason="only root must drop its rights")
def test_postgres_as_root_runs_as_nobody(home):
    with Postgres(home, durable=False):
        assert Path(f"/proc/{postmaster(home)}").stat().st_uid == 65534


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can close a folder to the server's account")
def test_postgres_in_closed_checkout_uses_shared_folder(tmp_path):
    postgres = Postgres(tmp_path / ".local", durable=False)

    try:
        assert postgres.folder.parent.parent == Path("/var/tmp")
        assert postgres.folder.parent.stat().st_uid == 0
    finally:
        shutil.rmtree(postgres.folder.parent)


def test_socket_in_deep_checkout_moves_to_temporary_folder(tmp_path):
    postgres = Valkey(tmp_path / ("deep" * 30))

    assert postgres.run.parent == Path(tempfile.gettempdir())


@pytest.mark.parametrize(("version", "first"), [(16, "--locale=C.UTF-8"), (17, "--locale-provider=builtin")])
def test_locale_of_a_version_is_one_it_knows(monkeypatch, version, first):
    monkeypatch.setattr("hub.local.postgres.version_of", lambda binaries: version)

    assert locale_options(Path("/anywhere"))[0] == first


# Many users -------------------------------------------------------------------------------------


def test_services_running_are_reused(home, other_user):
    before = postmaster(home)

    with local_services(home, durable=False):
        assert [os.environ["DATABASE_URL"], os.environ["REDIS_URL"]] == other_user.addresses
        assert postmaster(home) == before


def test_services_first_user_gone_stay_for_second(home, other_user):
    process_id = postmaster(home)
    with local_services(home, durable=False):
        other_user.communicate()

        assert answer(os.environ["DATABASE_URL"], "SELECT 1") == 1
        assert postmaster(home) == process_id
    assert ends(process_id)


def test_user_killed_leaves_no_orphan_and_next_start_works(home, other_user):
    process_id = postmaster(home)

    other_user.send_signal(signal.SIGKILL)

    assert ends(process_id)
    with Postgres(home, durable=False) as postgres:
        assert answer(postgres.url, "SELECT 1") == 1


@pytest.mark.skipif(sys.platform != "linux", reason="needs the kernel's parent-death signal")
def test_keeper_killed_takes_server_along(home, other_user):
    process_id = postmaster(home)
    keeper = int(Path(f"/proc/{process_id}/stat").read_text().rpartition(")")[2].split()[1])

    os.kill(keeper, signal.SIGKILL)

    assert ends(process_id)


def test_server_killed_recovers_at_next_start(home):
    with Postgres(home, durable=False):
        process_id = postmaster(home)
        os.kill(process_id, signal.SIGKILL)
        assert ends(process_id)

    with Postgres(home, durable=False) as postgres:
        assert answer(postgres.url, "SELECT 1") == 1


def test_pid_file_of_foreign_process_is_dropped_and_process_lives(home):
    with Postgres(home, durable=False) as postgres:
        account = postgres.account()
    identity = {"user": account[0], "group": account[1]} if account else {}
    bystander = subprocess.Popen(["sleep", "60"], cwd="/", **identity)
    pid_file = postgres.data / "postmaster.pid"
    pid_file.write_text(f"{bystander.pid}\n{postgres.data}\n1\n5432\n{postgres.run}\n\n  1 1\nready\n")
    pid_file.chmod(0o644)

    try:
        with Postgres(home, durable=False):
            assert answer(postgres.url, "SELECT 1") == 1
            assert postmaster(home) != bystander.pid
        assert bystander.poll() is None
    finally:
        bystander.kill()
        bystander.wait()


def test_database_in_use_is_not_erased(home, other_user):
    with pytest.raises(LocalServerError, match="in use"):
        Postgres(home).erase()

    assert answer(other_user.addresses[0], "SELECT 1") == 1


def test_database_of_other_version_is_refused(home):
    with Postgres(home, durable=False) as postgres:
        version_file = postgres.data / "PG_VERSION"
    version = version_file.read_text()
    version_file.write_text("9\n")

    try:
        with pytest.raises(LocalServerError, match="was made by PostgreSQL 9"):
            postgres.start()
    finally:
        version_file.write_text(version)


# The environment --------------------------------------------------------------------------------


def test_addresses_in_environment_are_respected(tmp_path, monkeypatch):
    monkeypatch.setenv("DATABASE_URL", "postgres://db.example/portal")
    monkeypatch.setenv("REDIS_URL", "redis://broker.example")

    with local_services(tmp_path):
        assert os.environ["DATABASE_URL"] == "postgres://db.example/portal"
        assert os.environ["REDIS_URL"] == "redis://broker.example"

    assert list(tmp_path.iterdir()) == []


def test_environment_after_services_is_as_before(home, bare_environment):
    before = dict(os.environ)

    with local_services(home, durable=False):
        folder = parse_qs(urlsplit(os.environ["DATABASE_URL"]).query)["host"][0]
        assert os.environ["PGHOST"] == folder

    assert dict(os.environ) == before


def test_manage_without_local_requirements_asks_for_database(bare_environment, monkeypatch):
    monkeypatch.setattr("hub.local.services.installed", lambda: False)

    with pytest.raises(SystemExit, match="Set DATABASE_URL"):
        manage.main()


def test_binaries_found_include_client_programs():
    assert {"postgres", "initdb", "psql", "pg_isready"} <= {path.name for path in find_binaries().iterdir()}


# Web, worker and beat ---------------------------------------------------------------------------


def script(text):
    return [sys.executable, "-c", text]


def test_port_preferred_and_free_is_taken():
    with listening_socket(0) as probe:
        free = probe.getsockname()[1]

    with listening_socket(free) as listener:
        assert listener.getsockname() == ("127.0.0.1", free)


def test_port_preferred_and_taken_gives_next():
    with listening_socket(0) as occupied:
        taken = occupied.getsockname()[1]

        with listening_socket(taken) as listener:
            assert listener.getsockname()[1] > taken


def test_port_taken_on_ipv6_only_gives_next():
    with socket.create_server(("::1", 0), family=socket.AF_INET6) as occupied:
        taken = occupied.getsockname()[1]

        with listening_socket(taken) as listener:
            assert listener.getsockname()[1] > taken


def test_child_that_ends_is_named_and_stops_the_others(capsys):
    children = [
        Child("web", script("import time; print('serving', flush=True); time.sleep(60)")),
        Child("beat", script("import time; time.sleep(0.3); print('no broker'); raise SystemExit(3)")),
    ]

    exit_code = Processes(children).run()

    assert exit_code == 1
    assert capsys.readouterr().out.splitlines() == [
        "web  | serving",
        "beat | no broker",
        "beat ended with exit code 3; stopping the others.",
    ]
    assert children[0].process.returncode == -signal.SIGTERM


def test_children_asked_to_end_stop_in_order(tmp_path, capsys):
    obedient = """
import pathlib, signal, sys, time
signal.signal(signal.SIGTERM, lambda *_: sys.exit(print("bye")))
pathlib.Path(sys.argv[1]).touch()
time.sleep(60)
"""
    children = [Child(name, [*script(obedient), tmp_path / name]) for name in ("first", "second")]

    def end_when_up():
        while len(list(tmp_path.iterdir())) < len(children):
            time.sleep(0.02)
        os.kill(os.getpid(), signal.SIGTERM)

    exit_code = Processes(children).run(when_started=end_when_up)

    assert exit_code == 0
    assert capsys.readouterr().out.splitlines() == ["Stopping ...", "first  | bye", "second | bye"]


# Translations -----------------------------------------------------------------------------------


@pytest.fixture
def catalog(tmp_path):
    """Writes the catalogue of one language below `tmp_path`."""

    def write(translation, *, language="sv", flags="python-format"):
        path = tmp_path / "locale" / language / "LC_MESSAGES" / "django.po"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(CATALOG.format(language=language, translation=translation, flags=flags))
        return path

    return write


def test_messages_unchanged_are_compiled_once(tmp_path, catalog):
    source = catalog("Hej %(name)s")

    assert compile_messages(tmp_path) == [source.with_suffix(".mo")]
    assert compile_messages(tmp_path) == []


def test_messages_broken_fail_with_their_file(tmp_path, catalog):
    source = catalog("Hej %(name)s")
    source.write_text(source.read_text() + 'msgid "never closed\n')

    with pytest.raises(BrokenCatalog, match=re.escape(str(source))):
        compile_messages(tmp_path)


@pytest.mark.parametrize(
    ("translation", "flags", "fault"),
    [
        ("Hej %(name)s", "python-format", None),
        ("", "python-format", "not translated"),
        ("Hej %(namn)s", "python-format", "placeholders differ"),
        ("Hej", "python-format", "placeholders differ"),
        ("Hej %(name)s", "fuzzy, python-format", "fuzzy"),
    ],
)
def test_messages_checked_name_each_fault(tmp_path, catalog, translation, flags, fault):
    catalog(translation, flags=flags)

    expected = [f"locale/sv/LC_MESSAGES/django.po:9: {fault}: 'Hello %(name)s'"] if fault else []
    assert check_messages(tmp_path) == expected


def test_messages_language_without_catalogue_is_listed(tmp_path, catalog):
    catalog("Hej %(name)s")

    assert check_messages(tmp_path, languages=["en", "sv", "ar"]) == ["locale/ar: no catalogue"]


def test_messages_missing_in_one_language_are_listed(tmp_path, catalog):
    catalog("Hej %(name)s")
    french = catalog("Bonjour %(name)s", language="fr")
    french.write_text(french.read_text().partition("#, python-format")[0])

    assert check_messages(tmp_path) == ["locale/fr: missing: 'Hello %(name)s'"]
