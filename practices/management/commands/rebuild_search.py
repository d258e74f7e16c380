from time import monotonic

from django.core.management.base import BaseCommand

from practices.search.indexing import rebuild


class Command(BaseCommand):
    help = "Make the library's index anew from the published practices; readers are served all the while."

    def add_arguments(self, parser):
        parser.add_argument("--jobs", type=int, default=1, help="Processes that share the work.")

    def handle(self, *args, jobs, **options):
        started = monotonic()

        def show(done, total):
            rate = done / max(monotonic() - started, 0.001)
            self.stderr.write(f"\r{done:,} of {total:,} practices, {rate:,.0f} a second", ending="")

        count = rebuild(progress=show, jobs=max(jobs, 1))
        self.stderr.write("")
        self.stdout.write(f"{count:,} practices indexed in {monotonic() - started:.1f} s")
