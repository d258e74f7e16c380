import os

from django.conf import settings
from django.core.management.base import BaseCommand

from hub.demo.events import seed_events
from hub.demo.newsletters import seed_newsletters
from hub.demo.people import ADMINISTRATOR, ensure_administrator, ensure_people
from hub.demo.seeding import seed
from hub.demo.work import seed_work


class Command(BaseCommand):
    help = "Add the demonstration content and a person per role; running it again changes nothing."

    def handle(self, *args, **options):
        password = ensure_administrator()
        logins = [("administrator (en)", ADMINISTRATOR, password)] if password else []
        seed(lambda text: self.stdout.write(f"  {text}"))
        self._keep(logins + ensure_people())
        self.stdout.write(f"  practices on their way: {seed_work()}")
        self.stdout.write(f"  events: {seed_events()}")
        self.stdout.write(f"  readers of newsletters: {seed_newsletters()}")

    def _keep(self, logins):
        """Add the passwords to a file that only its owner can read; nobody else is told."""
        if not logins:
            return
        path = settings.DEMO_LOGINS
        path.parent.mkdir(exist_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        with os.fdopen(descriptor, "a", encoding="utf-8") as file:
            for label, email, password in logins:
                file.write(f"{label}: {email}  password: {password}\n")
