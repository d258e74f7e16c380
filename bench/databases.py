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
    """Make the database, the practices and their index; shows progress."""
    admin = psycopg2.connect(_dsn(SERVER_URL))
    admin.autocommit = True
    with admin.cursor() as cursor:
        cursor.execute(f'DROP DATABASE IF EXISTS "bench_{size}"')
        cursor.execute(f'CREATE DATABASE "bench_{size}"')
    admin.close()
    os.environ["DATABASE_URL"] = database_url(size)
    import django

    django.setup()
    from django.core.management import call_command
    from django.db import connection

    from bench.generate import generate
    from practices.search.indexing import bump_version, rebuild

    call_command("migrate", verbosity=0, interactive=False)
    started = time.monotonic()

    def show(done, total, what):
        if done % 1000 == 0 or done == total:
            rate = done / max(time.monotonic() - started, 0.001)
            print(f"\r{what}: {done:,} of {total:,}, {rate:,.0f} a second", end="", flush=True)

    generate(size, lambda done, total: show(done, total, "practices"))
    print()
    started = time.monotonic()
    rebuild(progress=lambda done, total: show(done, total, "indexed"), jobs=os.cpu_count() or 1)
    print(f"\nindex of {size:,} practices: {time.monotonic() - started:.0f} s")
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
