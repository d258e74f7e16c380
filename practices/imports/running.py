"""A whole file: checked only, or stored batch by batch in flat memory."""

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from django.db import DatabaseError, connection, transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from practices.columns import HUB_ID, known_columns
from practices.imports.checking import RowChecker
from practices.imports.identity import hub_number, identity
from practices.imports.outcome import CheckedRow
from practices.imports.places import wanted_place
from practices.imports.reading import UnreadableFileError, encoding_of, read_rows
from practices.imports.references import References
from practices.models import Practice
from practices.models.practice import MANY_TERMS
from practices.services import store

BATCH = 100
REPORTED_AT_MOST = 1000
SHOWN_AT_MOST = 20
EXISTING_RELATIONS = (*MANY_TERMS, "networks", "partners", "ranked_themes", "links")


@dataclass
class ImportReport:
    """What came of a file. Its lists are cut at REPORTED_AT_MOST; the counts are whole.

    `total` is the number of rows in the file, `rows` how many of them are done; `stored_ids` are the practices added
    or changed; `encoding` is what a text file was read in.
    """

    total: int = 0
    rows: int = 0
    added: int = 0
    changed: int = 0
    unchanged: int = 0
    failed: int = 0
    broken_rows: int = 0
    encoding: str = ""
    unknown_columns: list[str] = field(default_factory=list)
    problems: list[tuple[int, str, str]] = field(default_factory=list)
    broken: list[tuple[int, str, str, str]] = field(default_factory=list)
    sample: list[tuple[int, str, str]] = field(default_factory=list)
    stored_ids: list[int] = field(default_factory=list)

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
        if checked.record and checked.record.practice.pk and not (checked.problems or checked.is_unchanged):
            self.stored_ids.append(checked.record.practice.pk)
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

    A row with a problem is reported and nothing of it is stored. Rows known by their external id are updated; rows
    that change nothing are left alone. `progress` is called after each batch. Raises UnreadableFileError for a file
    that cannot be read to its end, before anything of it is stored.
    """
    references = References()
    report = _survey(path, name, references)
    checker = RowChecker(references, repair_encoding=repair_encoding, actor=actor)
    known_words = set()
    rows = read_rows(path, name, report.encoding)
    while batch := list(islice(rows, BATCH)):
        checked_rows = _check(batch, checker)
        if dry_run or _store(checked_rows, checker, actor, known_words):
            for checked in checked_rows:
                report.note(checked)
        else:
            for checked in _stored_one_by_one(checked_rows, batch, checker, actor, known_words):
                report.note(checked)
        if progress:
            progress(report)
    return report


def _survey(path, name, references):
    """Read the file once through: what cannot be read is known before anything is stored, and GeoNames, whose data is
    large, is asked once for all places together."""
    report = ImportReport(encoding=encoding_of(path, name))
    ids, names, columns = set(), set(), {}
    for row in read_rows(path, name, report.encoding):
        report.total += 1
        columns |= dict.fromkeys(row.values)
        number, city, country = wanted_place(row.values, references)
        if number:
            ids.add(number)
        elif city and country:
            names.add((city, country))
    known = {HUB_ID, *known_columns()}
    report.unknown_columns = [column for column in columns if column not in known][:REPORTED_AT_MOST]
    if columns and not known & columns.keys():
        raise UnreadableFileError(_("None of the columns is known. The template has their names."))
    references.seek_places(ids, names)
    return report


def _check(batch, checker):
    keys = [hub_number(row.values) or identity(row.values, checker.references) for row in batch]
    existing = _existing(keys)
    beyond = checker.scope.beyond(existing.values())
    checked = []
    for row, key in zip(batch, keys, strict=True):
        found = existing.get(key)
        is_beyond = found is not None and found.pk in beyond
        # To its importer a practice of others is not there.
        checked.append(checker.check(row, None if is_beyond else found))
        if is_beyond and not isinstance(key, int):
            checked[-1].refuse("external_id", _("Another practice has this external id."))
    return checked


def _existing(keys):
    """The practices that rows are about, under their number here and their identity; `keys` has one or the other."""
    numbers = {key for key in keys if isinstance(key, int)}
    external_ids = {key[1] for key in keys if not isinstance(key, int)} - {""}
    found = (
        Practice.objects.filter(Q(pk__in=numbers) | Q(external_id__in=external_ids))
        .select_related("city", "lifecycle", "lead_organisation")
        .prefetch_related(*EXISTING_RELATIONS)
    )
    by_identity = {(practice.external_source, practice.external_id): practice for practice in found}
    return by_identity | {practice.pk: practice for practice in found}


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
        checker.references.forget()
        if not connection.is_usable():
            raise  # The database is gone; that says nothing about the rows.
        return False
    checker.references.keep()
    known_words |= added_words
    return True


def _stored_one_by_one(checked_rows, batch, checker, actor, known_words):
    """The rows of a batch that the database refused as a whole; only those it refuses again become problems."""
    for earlier, row in zip(checked_rows, batch, strict=True):
        checked = earlier
        if not (earlier.problems or earlier.is_unchanged):
            [checked] = _check([row], checker)
            if not _store([checked], checker, actor, known_words):
                checked.refuse("", _("The database refused this row."))
        yield checked


def _resolve(checked, references):
    """Turn names into records, now that the row is to be stored."""
    practice, record, own = checked.record.practice, checked.record, checked.own_organisations
    if checked.place is not None:
        practice.city_id = references.city_id(checked.place)
    language = practice.source_language
    if (lead := checked.organisations.get("lead")) is not None:
        practice.lead_organisation_id = references.organisation_id(lead[0], language, own["lead"]) if lead else None
    if (partners := checked.organisations.get("partners")) is not None:
        record.partner_ids = [references.organisation_id(name, language, own["partners"]) for name in partners]
