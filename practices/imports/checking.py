"""One row of a file turned into a practice, or into reasons why it cannot be."""

from datetime import UTC, datetime

from django.utils.translation import gettext as _

from common.languages import current_language
from common.localized import localized
from common.text import clean_line
from practices.columns import HUB_ID, text_columns
from practices.imports.cells import check_cells
from practices.imports.identity import hub_number, identity
from practices.imports.outcome import CheckedRow
from practices.imports.places import fill_place
from practices.imports.references import References, own_organisations
from practices.imports.relations import fill_relations, same_relations
from practices.imports.scope import Scope
from practices.imports.terms import fill_terms, same_terms
from practices.imports.values import (
    TAKEN_OFF,
    fill_choices,
    fill_contact,
    fill_dates_and_numbers,
    fill_texts,
    keys_of_choices,
)
from practices.models import Practice
from practices.services import PracticeRecord, missing_for_publication, plan_review


class RowChecker:
    """Checks rows one after the other against the same references."""

    def __init__(self, references: References, *, repair_encoding: bool | None = None, actor=None):
        """`repair_encoding`: True repairs broken words, False keeps them, None makes them a problem to decide on."""
        self.references = references
        self.scope = Scope(actor)
        self.repair_encoding = repair_encoding
        self._first_line = {}
        self._keys_of_choices = keys_of_choices()
        self._text_columns = text_columns()

    def check(self, row, existing: Practice | None) -> CheckedRow:
        """What a row becomes. A column that the file does not have leaves an existing practice as it is in that."""
        values = dict(row.values)
        source, external_id = identity(values, self.references)
        checked = CheckedRow(row.line, external_id, "")
        if row.problem:
            checked.refuse("", row.problem)
            return checked
        stored_texts = {column: getattr(existing, column) for column in self._text_columns} if existing else {}
        check_cells(values, stored_texts, checked, repair_encoding=self.repair_encoding)
        self._check_identity(values, source, existing, checked)
        checked.own_organisations = own_organisations(existing) if existing else {"lead": {}, "partners": {}}
        practice = existing or Practice(external_source=source, external_id=external_id[:120])
        before = _snapshot(practice) if existing else None
        former_city = practice.city_id
        record = PracticeRecord(practice, is_new=existing is None)
        fill_choices(values, practice, checked, self._keys_of_choices)
        fill_texts(values, practice, checked, self._text_columns)
        fill_dates_and_numbers(values, practice, checked)
        fill_terms(values, record, checked, self.references)
        fill_place(values, practice, checked, self.references)
        fill_relations(values, record, checked, self.references)
        fill_contact(values, practice, checked)
        self.scope.check(record, checked, former_city)
        _check_status(practice, record, checked)
        checked.title = localized(practice, "title", current_language(), practice.source_language).text
        if not checked.problems:
            checked.record = record
            checked.is_unchanged = (
                before is not None
                and before == _snapshot(practice)
                and same_terms(record)
                and same_relations(record, checked, self.references)
            )
            if practice.status in TAKEN_OFF and not checked.is_unchanged:
                checked.refuse("", str(TAKEN_OFF[practice.status]))
        return checked

    def _check_identity(self, values, source, existing, checked):
        number, external_id = clean_line(values.get(HUB_ID, "")), checked.external_id
        if number and (existing is None or existing.pk != hub_number(values)):
            checked.refuse(HUB_ID, _("No practice has this number here. Leave the column out to add new ones."))
            return
        if number:
            checked.external_id = existing.external_id or f"#{existing.pk}"
            if clean_line(values.get("external_id", "")) not in ("", existing.external_id):
                reason = _("This practice has another external id. It is changed in the form of the practice.")
                checked.refuse("external_id", reason)
        elif len(external_id) > 120:
            checked.refuse("external_id", _("At most 120 characters."))
        first = self._first_line.setdefault(existing.pk if existing else (source, external_id), checked.line)
        if first != checked.line:
            reason = _("The same practice stands in line %(line)s.") % {"line": first}
            checked.refuse(HUB_ID if number else "external_id", reason)


def _check_status(practice, record, checked):
    """What is published is complete, dated, and looked at again in time."""
    if practice.status != Practice.Status.PUBLISHED:
        return
    missing = missing_for_publication(practice, record.terms)
    if "city" in missing and checked.place is not None:
        missing.remove("city")
    already = {column for column, __ in checked.problems}
    for name in missing:
        if name not in already:
            checked.refuse(name, _("Needed for publication."))
    practice.published_at = practice.published_at or datetime.now(UTC)
    practice.confirmed_on = practice.confirmed_on or practice.published_at.date()
    if practice.review_due_on is None:
        plan_review(practice)


def _snapshot(practice):
    """All own values of a practice but the bookkeeping, to tell whether a row changes anything."""
    skipped = {"updated_at", "created_at", "version"}
    return {
        field.attname: getattr(practice, field.attname) or ""
        for field in practice._meta.concrete_fields
        if field.name not in skipped
    }
