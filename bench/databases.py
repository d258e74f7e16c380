"""A database per size of the synthetic library, beside the development one on the same server."""

import os
import time
from contextlib import contextmanager
from urllib.parse import urlsplit, urlunsplit

import psycopg2

SERVER_URL = os.environ["DATABASE_URL"]


def database_url(size):
    parts = urlsplit(SERVER_URL)
    return urlunsplit(parts._replace(path=f"/bench_{size}"))


def is_built(size):
    """Whether the library of this size has been generated to its end."""
    try:
        with psycopg2.connect(_dsn(database_url(size))) as connection, connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM practices_facetdocument")
            return cursor.fetchone()[0] == size
    except psycopg2.Error:
        return False


@contextmanager
def bench_database(size):
    """Point Django at the library of this size, generated first if need be."""
    os.environ["DATABASE_URL"] = database_url(size)
    if not is_built(size):
        build(size)
    import django

    django.setup()
    yield


def build(size):
    """Make the database, the practices and their index; shows progress, and goes on where it was interrupted."""
    admin = psycopg2.connect(_dsn(SERVER_URL))
    admin.autocommit = True
    with admin.cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", [f"bench_{size}"])
        if not cursor.fetchone():
            cursor.execute(f'CREATE DATABASE "bench_{size}"')
    admin.close()
    os.environ["DATABASE_URL"] = database_url(size)
    import django

    django.setup()
    from django.core.management import call_command

    from bench.generate import generate
    from practices.models import Practice

    call_command("migrate", verbosity=0, interactive=False)
    if Practice.objects.count() != size:
        call_command("flush", verbosity=0, interactive=False)
        with progress("practices") as show:
            generate(size, show)
    build_index()


@contextmanager
def progress(what):
    """A line that tells how much of `what` is done, and how fast."""
    started = time.monotonic()

    def show(done, total):
        if done % 1000 == 0 or done == total:
            rate = done / max(time.monotonic() - started, 0.001)
            print(f"\r{what}: {done:,} of {total:,}, {rate:,.0f} a second", end="", flush=True)

    yield show
    print(f"; {time.monotonic() - started:.0f} s in all")


def build_index():
    """The library's index by its own code. Its GIN indexes are made after the rows, as for any bulk load."""
    from django.db import connection

    from practices.search.indexing import bump_version, rebuild

    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT indexname, indexdef FROM pg_indexes WHERE indexdef LIKE %s AND tablename = ANY(%s)",
            ["%USING gin%", ["practices_matchdocument", "practices_lexiconentry"]],
        )
        indexes = cursor.fetchall()
        for name, _ in indexes:
            cursor.execute(f'DROP INDEX "{name}"')
    try:
        with progress("indexed") as show:
            rebuild(progress=show, jobs=os.cpu_count() or 1)
    finally:
        with connection.cursor() as cursor, progress("word indexes"):
            cursor.execute("SET maintenance_work_mem = '512MB'")
            for _, definition in indexes:
                cursor.execute(definition)
    bump_version("labels")
    with connection.cursor() as cursor:
        cursor.execute("VACUUM (ANALYZE)")


def _dsn(url):
    """libpq's form of a database URL whose host may be a folder with a socket."""
    import environ

    values = environ.Env.db_url_config(url)
    options = values.get("OPTIONS", {})
    host = values.get("HOST") or options.get("host") or ""
    parts = {"dbname": values["NAME"], "user": values.get("USER"), "password": values.get("PASSWORD"), "host": host}
    if values.get("PORT"):
        parts["port"] = values["PORT"]
    return " ".join(f"{name}='{value}'" for name, value in parts.items() if value)
