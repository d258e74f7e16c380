"""The package django-newsletter on the same mail server and database server, in an environment of its own.

`run` is called by our benchmarks; as a program this file runs in that environment, which has nothing of ours.
"""

import json
import os
import resource
import subprocess
import sys
import time
import venv
from pathlib import Path

PACKAGES = ("django-newsletter==1.2.1", "Django==5.2.*", "sorl-thumbnail==13.*", "pillow", "psycopg2-binary==2.9.*")
PLACE = Path(__file__).resolve().parents[1] / ".local" / "django-newsletter"
DATABASE = "bench_django_newsletter"


def run(server_url, port, count, size):
    """Send one newsletter to so many; (seconds, seconds of the processor, MB), or None where it cannot be installed."""
    python = PLACE / "bin" / "python"
    if not (PLACE / "ready").exists():
        venv.create(PLACE, with_pip=True, clear=True)
        done = subprocess.run([python, "-m", "pip", "install", "-q", *PACKAGES], capture_output=True, check=False)
        if done.returncode:
            return None
        (PLACE / "ready").touch()
    from bench.databases import _dsn

    environment = {"PATH": os.environ["PATH"], "DSN": _dsn(server_url), "PORT": str(port)}
    command = [python, __file__, str(count), str(int(size))]
    done = subprocess.run(command, env=environment, check=True, stdout=subprocess.PIPE, text=True)
    return tuple(json.loads(done.stdout.splitlines()[-1]))


def main(count, size):
    """In the other environment: print [seconds, seconds of the processor, MB]."""
    set_up()
    from newsletter.models import Article, Message, Newsletter, Submission, Subscription

    newsletter = Newsletter.objects.create(title="News", slug="news", email="hub@hub.example", sender="The hub")
    Subscription.objects.bulk_create(
        Subscription(newsletter=newsletter, email_field=f"reader-{number}@city.example", subscribed=True)
        for number in range(count)
    )
    message = Message.objects.create(newsletter=newsletter, title="News", slug="news")
    # The text stands in the plain and in the HTML part.
    words = "What cities learned from one another this month.\n" * (size // 100)
    Article.objects.create(post=message, title="News", text=words, sortorder=10)
    submission = Submission.from_message(message)
    submission.prepared = True
    submission.save()
    started, processor = time.perf_counter(), time.process_time()
    Submission.submit_queue()
    seconds, processor = time.perf_counter() - started, time.process_time() - processor
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps([seconds, processor, memory]))


def set_up():
    """Django with nothing but the package, on an empty database."""
    import psycopg2
    from django.conf import settings
    from psycopg2.extensions import parse_dsn

    where = parse_dsn(os.environ["DSN"])
    admin = psycopg2.connect(os.environ["DSN"])
    admin.autocommit = True
    with admin.cursor() as cursor:
        cursor.execute(f"DROP DATABASE IF EXISTS {DATABASE}")
        cursor.execute(f"CREATE DATABASE {DATABASE}")
    admin.close()
    settings.configure(
        SECRET_KEY="of a benchmark",
        INSTALLED_APPS=[
            *("django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sites", "sorl.thumbnail"),
            "newsletter",
        ],
        DATABASES={
            "default": {
                "ENGINE": "django.db.backends.postgresql",
                "NAME": DATABASE,
                "HOST": where.get("host", ""),
                "PORT": where.get("port", ""),
                "USER": where.get("user", ""),
                "PASSWORD": where.get("password", ""),
            }
        },
        EMAIL_HOST="127.0.0.1",
        EMAIL_PORT=int(os.environ["PORT"]),
        SITE_ID=1,
        ROOT_URLCONF="newsletter.urls",
        STATIC_URL="/static/",
        MEDIA_URL="/media/",
        NEWSLETTER_THUMBNAIL="sorl-thumbnail",
        NEWSLETTER_USE_HTTPS=True,
        DEFAULT_AUTO_FIELD="django.db.models.AutoField",
        USE_TZ=True,
        TEMPLATES=[{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}],
    )
    import django
    from django.core.management import call_command

    django.setup()
    call_command("migrate", verbosity=0, interactive=False)


if __name__ == "__main__":
    sys.path.pop(0)
    main(int(sys.argv[1]), int(sys.argv[2]))
