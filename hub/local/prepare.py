"""Brings the database and the files of a checkout up to date, in one process because loading Django takes longest."""

import os
from hashlib import sha256

from hub.local import HOME
from hub.local.progress import phase


def prepare():
    with phase("Portal loaded"):
        import django

        django.setup()
    migrate()
    collect_static_files()
    seed_if_empty()


def migrate():
    from django.core.management import call_command
    from django.db import connection
    from django.db.migrations.executor import MigrationExecutor

    with phase("Database migrated") as remarks:
        executor = MigrationExecutor(connection)
        plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
        if plan:
            call_command("migrate", interactive=False, verbosity=0)
        remarks.append(f"{len(plan)} new migrations" if plan else "nothing new")


def collect_static_files():
    """Only where the web server does not read them from their places."""
    from django.conf import settings
    from django.core.management import call_command

    if not getattr(settings, "WHITENOISE_USE_FINDERS", settings.DEBUG):
        with phase("Static files collected"):
            call_command("collectstatic", interactive=False, verbosity=0)


def seed_if_empty():
    """Demo content for a database without a single person; a database in use is never touched.

    A mark beside the database tells that an earlier run was interrupted, and is taken up again.
    """
    from django.conf import settings
    from django.contrib.auth import get_user_model
    from django.core.management import call_command

    database = sha256(os.environ.get("DATABASE_URL", "").encode()).hexdigest()[:12]
    unfinished = HOME / f"seeding-{database}"
    if not settings.DEMO_CONTENT or (get_user_model()._default_manager.exists() and not unfinished.exists()):
        return
    HOME.mkdir(exist_ok=True)
    unfinished.touch()
    print("Demo content, once for this database:", flush=True)
    call_command("demo_seed")
    unfinished.unlink()
