from django.core.management.base import BaseCommand

from vocabularies.services import load_vocabularies


class Command(BaseCommand):
    help = "Load the terms of all vocabularies from vocabularies/data; running it again changes nothing."

    def handle(self, *args, **options):
        outcome = load_vocabularies()
        self.stdout.write(", ".join(f"{count} {what}" for what, count in outcome.items()))
