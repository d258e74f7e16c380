import os
from pathlib import Path

from django.conf import settings
from django.core.management.base import BaseCommand

from hub.demo.seeding import ADMINISTRATOR, ensure_administrator, seed


class Command(BaseCommand):
    help = "Add the demonstration content and its administrator; running it again changes nothing."

    def handle(self, *args, **options):
        password = ensure_administrator()
        if password:
            path = Path(settings.BASE_DIR) / ".local" / "logins.txt"
            path.parent.mkdir(exist_ok=True)
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                file.write(f"administrator: {ADMINISTRATOR}  password: {password}\n")
        seed(lambda text: self.stdout.write(f"  {text}"))
