"""One row of a file turned into a practice, or into reasons why it cannot be."""

import hashlib
import re
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from decimal import Decimal, InvalidOperation

from django.core.exceptions import ValidationError
from django.core.validators import URLValidator
from django.utils.translation import gettext as _

from common.encoding import broken_pieces, repaired
from common.languages import site_languages
from common.search.folding import fold
from common.text import clean_line
from practices.imports.columns import (
    CHOICE_COLUMNS,
    DATE_COLUMNS,
    MONTH_COLUMNS,
    NUMBER_COLUMNS,
    TERM_COLUMNS,
    TERMS_COLUMNS,
    text_columns,
)
from practices.imports.references import References
from practices.models import Practice
from practices.services import PracticeRecord, missing_for_publication, plan_review

SEPARATOR = "|"
_MONTH = re.compile(r"^(\d{4})-(\d{1,2})(?:-\d{1,2})?$|^(\d{1,2})[/.](\d{4})$")
_DAY = re.compile(r"^(\d{4})-(\d{1,2})-(\d{1,2})$")
_IMPORTED_STATES = {Practice.Status.DRAFT, Practice.Status.PUBLISHED}
_check_url = URLValidator(schemes=["http", "https"])


@dataclass
class CheckedRow:
    """A row's outcome: `problems` are (column, reason); with none of them the record can be stored.

    `broken` lists (column, as written, as meant) of words whose encoding looks wrong.
    """

    line: int
    external_id: str
    title: str
    record: PracticeRecord | None = None
    place: object = None
    organisations: dict[str, list[str]] = field(default_factory=dict)
    problems: list[tuple[str, str]] = field(default_factory=list)
    broken: list[tuple[str, str, str]] = field(default_factory=list)
    is_unchanged: bool = False


def identity(values: dict[str, str]) -> tuple[str, str]:
    """(list the id belongs to, external id). A row without id gets one from its title and city, so that a rerun knows
    it again."""
    source = clean_line(values.get("network", "")).split(SEPARATOR)[0]
    external_id = clean_line(values.get("external_id", ""))
    if not external_id:
        titles = "".join(values.get(f"title_{language}", "") for language in site_languages())
        digest = hashlib.sha256(f"{titles}\n{values.get('city', '')}".encode()).hexdigest()
        external_id = f"row-{digest[:20]}"
    return source[:80], external_id


class RowChecker:
    """Checks rows one after the other against the same references."""

    def __init__(self, references: References, *, repair_encoding: bool | None = None):
        """`repair_encoding`: True repairs broken words, False keeps them, None makes them a problem to decide on."""
        self.references = references
        self.repair_encoding = repair_encoding
        self._first_line = {}

    def check(self, row, existing: Practice | None) -> CheckedRow:
        values = dict(row.values)
        source, external_id = identity(values)
        checked = CheckedRow(row.line, external_id, "")
        self._check_encoding(values, checked)
        first = self._first_line.setdefault((source, external_id), row.line)
        if first != row.line:
            checked.problems.append(("external_id", _("The same id stands in line %(line)s.") % {"line": first}))
        if len(external_id) > 120:
            checked.problems.append(("external_id", _("At most 120 characters.")))
        practice = existing or Practice(external_source=source, external_id=external_id[:120])
        before = _snapshot(practice) if existing else None
        record = PracticeRecord(practice, is_new=existing is None)
        self._fill_choices(values, practice, checked)
        self._fill_texts(values, practice, checked)
        self._fill_dates_and_numbers(values, practice, checked)
        self._fill_terms(values, record, checked)
        self._fill_relations(values, record, checked)
        self._check_status(practice, record, checked)
        checked.title = str(practice)
        if not checked.problems:
            checked.record = record
            checked.is_unchanged = bool(existing) and before == _snapshot(practice) and self._same_lists(record, checked)
        return checked

    def _check_encoding(self, values, checked):
        for column, value in values.items():
            if pieces := broken_pieces(value) if value else ():
                checked.broken += [(column, written, meant) for written, meant in pieces]
                if self.repair_encoding:
                    values[column] = repaired(value)
                elif self.repair_encoding is None:
                    written, meant = pieces[0]
                    reason = _("Broken encoding: “%(written)s” is probably “%(meant)s”.")
                    checked.problems.append((column, reason % {"written": written, "meant": meant}))

    def _fill_choices(self, values, practice, checked):
        for column in CHOICE_COLUMNS:
            text = clean_line(values.get(column, ""))
            if not text:
                continue
            choices = {fold(str(key)): key for key, __ in Practice._meta.get_field(column).choices}
            choices |= {fold(str(label)): key for key, label in Practice._meta.get_field(column).choices}
            key = choices.get(fold(text))
            if key is None or (column == "status" and key not in _IMPORTED_STATES):
                _unknown(checked, column, text)
            else:
                setattr(practice, column, key)
        if not practice.source_language:
            present = [code for code in site_languages() if values.get(f"title_{code}", "").strip()]
            if len(present) == 1:
                practice.source_language = present[0]
            else:
                checked.problems.append(("source_language", _("Say in which language the practice was written.")))
                practice.source_language = present[0] if present else site_languages()[0]

    def _fill_texts(self, values, practice, checked):
        for column in text_columns():
            if column not in values:
                continue
            field_ = Practice._meta.get_field(column)
            try:
                setattr(practice, column, field_.clean(values[column], practice))
            except ValidationError as error:
                checked.problems += [(column, message) for message in error.messages]
        if not practice.text("title", practice.source_language):
            checked.problems.append((f"title_{practice.source_language}", _("A title is needed.")))

    def _fill_dates_and_numbers(self, values, practice, checked):
        for column in MONTH_COLUMNS:
            if text := clean_line(values.get(column, "")):
                found = _MONTH.match(text)
                year, month = (found[1] or found[4], found[2] or found[3]) if found else (0, 0)
                try:
                    setattr(practice, column, date(int(year), int(month), 1))
                except ValueError:
                    checked.problems.append((column, _("Write a month as YYYY-MM, not “%(text)s”.") % {"text": text}))
        if practice.starts_on and practice.ends_on and practice.ends_on < practice.starts_on:
            checked.problems.append(("ends_on", _("A practice cannot end before it begins.")))
        for column in DATE_COLUMNS:
            if text := clean_line(values.get(column, "")):
                found = _DAY.match(text)
                try:
                    day = date(*map(int, found.groups()))
                except (AttributeError, ValueError):
                    checked.problems.append((column, _("Write a day as YYYY-MM-DD, not “%(text)s”.") % {"text": text}))
                    continue
                if column == "published_on":
                    practice.published_at = datetime.combine(day, time(12), UTC)
                else:
                    practice.confirmed_on = day
        for column in NUMBER_COLUMNS:
            if text := clean_line(values.get(column, "")):
                try:
                    number = Decimal(text.replace(" ", "").replace(",", ".") if "." not in text else text)
                    setattr(practice, column, Practice._meta.get_field(column).clean(number, practice))
                except InvalidOperation:
                    checked.problems.append((column, _("“%(text)s” is not a number.") % {"text": text}))
                except ValidationError as error:
                    checked.problems += [(column, message) for message in error.messages]
        if currency := clean_line(values.get("budget_currency", "")).upper():
            if re.fullmatch("[A-Z]{3}", currency):
                practice.budget_currency = currency
            else:
                _unknown(checked, "budget_currency", currency)

    def _fill_terms(self, values, record, checked):
        for column, scheme in TERM_COLUMNS.items():
            if text := clean_line(values.get(column, "")):
                term = self.references.term(scheme, text)
                if term is None:
                    _unknown(checked, column, text)
                else:
                    setattr(record.practice, column, term)
        for column, (scheme, most) in TERMS_COLUMNS.items():
            terms = []
            for text in _several(values.get(column, "")):
                term = self.references.term(scheme, text)
                if term is None:
                    _unknown(checked, column, text)
                elif term.pk not in terms:
                    terms.append(term.pk)
            if most and len(terms) > most:
                checked.problems.append((column, _("At most %(most)s are possible.") % {"most": most}))
            record.terms[column] = terms

    def _fill_relations(self, values, record, checked):
        practice = record.practice
        for text in _several(values.get("network", "")):
            network = self.references.network(text)
            if network is None:
                _unknown(checked, "network", text)
            else:
                record.network_ids.append(network.pk)
        name = clean_line(values.get("city", ""))
        number = clean_line(values.get("geonames_id", ""))
        country = clean_line(values.get("country", "")).upper()
        if name or number:
            checked.place = self.references.place(int(number) if number.isdigit() else 0, name, country)
            if checked.place is None:
                _unknown(checked, "geonames_id" if number else "city", number or f"{name} {country}".strip())
        elif practice.city_id:
            checked.place = practice.city
        if lead := clean_line(values.get("lead_organisation", "")):
            checked.organisations["lead"] = [lead]
        checked.organisations["partners"] = _several(values.get("partners", ""))
        for url in _several(values.get("links", "")):
            try:
                _check_url(url)
                record.links.append(url)
            except ValidationError:
                checked.problems.append(("links", _("“%(text)s” is not a web address.") % {"text": url}))
        if "contact_email" in values:
            email = clean_line(values["contact_email"])
            try:
                practice.contact_email = Practice._meta.get_field("contact_email").clean(email, practice)
            except ValidationError as error:
                checked.problems += [("contact_email", message) for message in error.messages]

    def _check_status(self, practice, record, checked):
        if practice.status != Practice.Status.PUBLISHED:
            return
        missing = missing_for_publication(practice, record.terms)
        if "city" in missing and checked.place is not None:
            missing.remove("city")
        already = {column for column, __ in checked.problems}
        checked.problems += [(name, _("Needed for publication.")) for name in missing if name not in already]
        practice.published_at = practice.published_at or datetime.now(UTC)
        practice.confirmed_on = practice.confirmed_on or practice.published_at.date()
        plan_review(practice)

    def _same_lists(self, record, checked):
        """Whether the relations of an existing practice are what the row says."""
        practice = record.practice
        stored = {name: [term.pk for term in getattr(practice, name).all()] for name in TERMS_COLUMNS if name != "themes"}
        wanted = {name: record.terms[name] for name in stored}
        partners = [str(partner) for partner in practice.partners.all()]
        return (
            all(sorted(stored[name]) == sorted(wanted[name]) for name in stored)
            and [ranked.theme_id for ranked in practice.ranked_themes.all()] == record.terms["themes"]
            and sorted(network.pk for network in practice.networks.all()) == sorted(set(record.network_ids))
            and [link.url for link in practice.links.all()] == record.links
            and sorted(map(fold, partners)) == sorted({fold(name) for name in checked.organisations["partners"]})
            and getattr(checked.place, "pk", None) == practice.city_id
        )


def _several(text):
    return list(dict.fromkeys(part for part in map(clean_line, text.split(SEPARATOR)) if part))


def _unknown(checked, column, text):
    checked.problems.append((column, _("“%(text)s” is not known.") % {"text": text}))


def _snapshot(practice):
    """All own values of a practice but the bookkeeping, to tell whether a row changes anything."""
    skipped = {"updated_at", "created_at", "version", "city"}
    return {
        field_.attname: getattr(practice, field_.attname) or ""
        for field_ in practice._meta.concrete_fields
        if field_.name not in skipped
    }
