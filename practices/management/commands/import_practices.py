import sys
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError

from practices.imports.reading import UnreadableFileError
from practices.imports.running import import_file


class Command(BaseCommand):
    help = "Import practices from a CSV, XLSX or JSON file. Rows that fail are reported; nothing of them is stored."

    def add_arguments(self, parser):
        parser.add_argument("file", type=Path)
        parser.add_argument("--dry-run", action="store_true", help="Check only; store nothing.")
        encoding = parser.add_mutually_exclusive_group()
        encoding.add_argument("--repair-encoding", action="store_const", const=True, dest="repair", default=None)
        encoding.add_argument("--keep-encoding", action="store_const", const=False, dest="repair")

    def handle(self, *args, file, dry_run, repair, **options):
        if not file.is_file():
            raise CommandError(f"{file}: no such file")
        try:
            report = import_file(file, repair_encoding=repair, dry_run=dry_run, progress=self._show)
        except UnreadableFileError as error:
            raise CommandError(str(error)) from error
        self._end_line()
        if report.unknown_columns:
            self.stderr.write(f"Columns not used: {', '.join(report.unknown_columns)}")
        for line, column, reason in report.problems:
            self.stderr.write(f"line {line}: {column}: {reason}")
        if repair is None and report.broken_rows:
            self.stderr.write(
                "Some texts were once read with a wrong encoding. Run again with --repair-encoding to store them as"
                " meant, or with --keep-encoding to store them as they are."
            )
        for line, column, written, meant in report.broken if repair else ():
            self.stdout.write(f"line {line}: {column}: “{written}” becomes “{meant}”")
        self.stdout.write(
            f"{report.rows} rows: {report.added} added, {report.changed} changed, {report.unchanged} unchanged,"
            f" {report.failed} failed{' (dry run, nothing stored)' if dry_run else ''}"
        )
        if report.failed:
            sys.exit(1)

    def _show(self, report):
        if self.stderr.isatty():
            self.stderr.write(f"\r{report.rows:,} rows, {report.failed:,} failed", ending="")
        elif report.rows % 1000 == 0:
            self.stderr.write(f"{report.rows:,} rows, {report.failed:,} failed")

    def _end_line(self):
        if self.stderr.isatty():
            self.stderr.write("")
