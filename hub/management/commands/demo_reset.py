from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError


class Command(BaseCommand):
    help = "Empty the database and seed the demonstration content anew, people and their passwords included."

    def handle(self, *args, **options):
        if not settings.DEMO_CONTENT:
            raise CommandError("Refused: DEMO_CONTENT is off, so this database may hold real content.")
        call_command("flush", interactive=False, verbosity=0)
        settings.DEMO_LOGINS.unlink(missing_ok=True)
        call_command("demo_seed", stdout=self.stdout)
