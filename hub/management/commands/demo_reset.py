from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError

from hub.demo.seeding import remove


class Command(BaseCommand):
    help = "Throw away all practices, networks and cities and seed the demonstration content anew."

    def handle(self, *args, **options):
        if not settings.DEMO_CONTENT:
            raise CommandError("Refused: DEMO_CONTENT is off, so this database may hold real content.")
        remove()
        call_command("demo_seed", stdout=self.stdout)
