from time import monotonic

from django.core.management.base import BaseCommand

from practices.search.indexing import rebuild


class Command(BaseCommand):
    help = "Make the library's index anew from the published practices; readers are served all the while."

    def handle(self, *args, **options):
        started = monotonic()

        def show(done, total):
            rate = done / max(monotonic() - started, 0.001)
            self.stderr.write(f"\r{done:,} of {total:,} practices, {rate:,.0f} a second", ending="")

        count = rebuild(progress=show)
        self.stderr.write("")
        self.stdout.write(f"{count:,} practices indexed in {monotonic() - started:.1f} s")
