from datetime import UTC, datetime

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from newsletters.services.digesting import make_due


class Command(BaseCommand):
    help = "Make the digests that are due, as the schedule does every minute; a second run makes none of them again."

    def add_arguments(self, parser):
        parser.add_argument("--now", help="As if it were this moment (2027-03-22T07:00+01:00; by default in UTC).")

    def handle(self, *args, now, **options):
        made = make_due(_moment(now) if now else None)
        self.stdout.write(
            f"{made.sent:,} digests to be sent, {made.empty:,} with nothing to tell, {made.editions:,} editions,"
            f" {made.told:,} items told, {made.pulled:,} taken back"
        )


def _moment(text):
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise CommandError(f"No moment: {text}") from error
    return moment if timezone.is_aware(moment) else moment.replace(tzinfo=UTC)
