"""A whole file: checked only, or stored batch by batch in flat memory."""

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from django.db import DatabaseError, transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from common.text import clean_line
from practices.imports.checking import CheckedRow, RowChecker, identity
from practices.imports.columns import known_columns
from practices.imports.reading import read_rows
from practices.imports.references import References
from practices.models import Practice
from practices.services import store

BATCH = 100
REPORTED_AT_MOST = 1000
SHOWN_AT_MOST = 20
EXISTING_RELATIONS = (
    "approaches",
    "beneficiaries",
    "delivered_by",
    "funding_sources",
    "prerequisites",
    "networks",
    "partners",
    "ranked_themes",
    "links",
)


@dataclass
class ImportReport:
    """What came of a file. `problems` and `broken` hold at most REPORTED_AT_MOST entries; the counts are whole."""

    rows: int = 0
    added: int = 0
    changed: int = 0
    unchanged: int = 0
    failed: int = 0
    broken_rows: int = 0
    unknown_columns: list[str] = field(default_factory=list)
    problems: list[tuple[int, str, str]] = field(default_factory=list)
    broken: list[tuple[int, str, str, str]] = field(default_factory=list)
    sample: list[tuple[int, str, str]] = field(default_factory=list)

    def note(self, checked: CheckedRow):
        self.rows += 1
        if checked.broken:
            self.broken_rows += 1
            room = REPORTED_AT_MOST - len(self.broken)
            self.broken += [(checked.line, *piece) for piece in checked.broken[: max(room, 0)]]
        if checked.problems:
            self.failed += 1
            room = REPORTED_AT_MOST - len(self.problems)
            self.problems += [(checked.line, *problem) for problem in checked.problems[: max(room, 0)]]
        elif checked.is_unchanged:
            self.unchanged += 1
        elif checked.record.is_new:
            self.added += 1
        else:
            self.changed += 1
        if len(self.sample) < SHOWN_AT_MOST:
            self.sample.append((checked.line, checked.external_id, checked.title))


def import_file(
    path: Path | str,
    *,
    actor=None,
    name: str = "",
    repair_encoding: bool | None = None,
    dry_run: bool = False,
    progress: Callable[[ImportReport], None] | None = None,
) -> ImportReport:
    """Check all rows of a file and, unless it is a dry run, store the good ones batch by batch.

    A row with a problem is reported and nothing of it is stored. Rows known by their external id are updated; rows that
    change nothing are left alone. `progress` is called after each batch. Raises UnreadableFileError for a file that
    cannot be read at all; the batches stored until then stay, and a rerun finds them unchanged.
    """
    report = ImportReport()
    references = References()
    checker = RowChecker(references, repair_encoding=repair_encoding)
    known_words = set()
    rows = read_rows(path, name)
    while batch := list(islice(rows, BATCH)):
        if not report.rows:
            known = set(known_columns())
            report.unknown_columns = sorted(set(batch[0].values) - known - {""})
        checked_rows = _check(batch, checker)
        if not dry_run and not _store(checked_rows, checker, actor, known_words):
            checker.references = References()
            for checked in _check_again(checked_rows, batch, checker):
                if not _store([checked], checker, actor, known_words):
                    checked.problems.append(("", _("The database refused this row.")))
                    checker.references = References()
                report.note(checked)
        else:
            for checked in checked_rows:
                report.note(checked)
        if progress:
            progress(report)
    return report


def _check(batch, checker):
    existing = _existing([identity(row.values) for row in batch])
    ids, names = set(), set()
    for row in batch:
        name, number = clean_line(row.values.get("city", "")), clean_line(row.values.get("geonames_id", ""))
        if number.isdigit():
            ids.add(int(number))
        elif name:
            names.add((name, clean_line(row.values.get("country", "")).upper()))
    checker.references.seek_places(ids, names)
    return [checker.check(row, existing.get(identity(row.values))) for row in batch]


def _check_again(checked_rows, batch, checker):
    """The rows of a batch that the database refused as a whole, one by one."""
    for earlier, row in zip(checked_rows, batch, strict=True):
        yield _check([row], checker)[0] if not earlier.problems else earlier


def _existing(identities):
    wanted = Q()
    for source, external_id in identities:
        wanted |= Q(external_source=source, external_id=external_id)
    found = Practice.objects.filter(wanted).select_related("city").prefetch_related(*EXISTING_RELATIONS)
    return {(practice.external_source, practice.external_id): practice for practice in found}


def _store(checked_rows, checker, actor, known_words):
    """Store the good rows in one transaction; False when the database refuses them."""
    good = [checked for checked in checked_rows if not checked.problems and not checked.is_unchanged]
    if not good:
        return True
    added_words = set(known_words)
    try:
        with transaction.atomic():
            for checked in good:
                _resolve(checked, checker.references)
            store([checked.record for checked in good], actor=actor, known_words=added_words)
    except DatabaseError:
        return False
    known_words |= added_words
    return True


def _resolve(checked, references):
    """Turn names into records, now that the row is to be stored."""
    practice = checked.record.practice
    if checked.place is not None:
        practice.city = references.city(checked.place)
    language = practice.source_language
    if lead := checked.organisations.get("lead"):
        practice.lead_organisation_id = references.organisation_id(lead[0], language)
    checked.record.partner_ids = [references.organisation_id(name, language) for name in checked.organisations["partners"]]
