from django.core.management.base import BaseCommand

from practices.services import recount_translations


class Command(BaseCommand):
    help = "Compute the state of every translation anew, as after a language was added."

    def handle(self, *args, **options):
        self.stdout.write(f"{recount_translations()} practices")
