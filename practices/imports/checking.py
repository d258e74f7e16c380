"""One row of a file turned into a practice, or into reasons why it cannot be."""

import hashlib
import re
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from decimal import Decimal, InvalidOperation

from django.core.exceptions import ValidationError
from django.core.validators import URLValidator
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from common.encoding import broken_pieces, repaired
from common.languages import current_language, name_in, own_name, site_languages
from common.localized import localized
from common.search.folding import fold
from common.spreadsheets import separated
from common.text import clean_line
from networks.geonames import Place
from networks.models import Organisation
from practices.columns import (
    CHOICE_COLUMNS,
    DATE_COLUMNS,
    FURTHER_NETWORKS,
    HUB_ID,
    MONTH_COLUMNS,
    NUMBER_COLUMNS,
    TERM_COLUMNS,
    TERMS_COLUMNS,
    text_columns,
)
from practices.imports.reading import MAX_CELL
from practices.imports.references import References, own_organisations
from practices.imports.scope import Scope
from practices.models import Practice, PracticeLink
from practices.services import PracticeRecord, missing_for_publication, plan_review

QUOTED_AT_MOST = 80
_TAKEN_OFF = {
    Practice.Status.ARCHIVED: gettext_lazy("This practice is archived. Take it out of the archive first."),
    Practice.Status.WITHDRAWN: gettext_lazy("This practice was withdrawn. An import does not change it."),
}
_MONTH = re.compile(r"^(\d{4})-(\d{1,2})(?:-\d{1,2})?$|^(\d{1,2})[/.](\d{4})$")
_DAY = re.compile(r"^(\d{4})-(\d{1,2})-(\d{1,2})$")
_IMPORTED_STATES = {Practice.Status.DRAFT, Practice.Status.PUBLISHED}
_MAYBE_BROKEN = re.compile("[\x80-\x9f]|[\u00c2-\u00f4][\x80-\xbf€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ]")
"""UTF-8 read as Windows-1252 always has one of these; looking at every word of every text takes ten times as long."""
_check_url = URLValidator(schemes=["http", "https"])


@dataclass
class CheckedRow:
    """A row's outcome: `problems` are (column, reason); with none of them the record can be stored.

    `place` is the id of a city or a place that becomes one. `organisations` holds the names under "lead" and "partners"
    that the row gives, `own_organisations` the ids of those that the practice has there, by folded name. `broken` lists
    (column, as written, as meant) of words whose encoding looks wrong.
    """

    line: int
    external_id: str
    title: str
    record: PracticeRecord | None = None
    place: int | Place | None = None
    organisations: dict[str, list[str]] = field(default_factory=dict)
    own_organisations: dict[str, dict[str, int]] = field(default_factory=dict)
    problems: list[tuple[str, str]] = field(default_factory=list)
    broken: list[tuple[str, str, str]] = field(default_factory=list)
    is_unchanged: bool = False


def identity(values: dict[str, str], references: References) -> tuple[str, str]:
    """(list the id belongs to, external id). A row without id gets one from its title and city, so that a rerun knows
    it again, in whatever encoding it comes."""
    named = [text for text in _several(values.get("network", "")) if text != FURTHER_NETWORKS][:1]
    network = references.network(named[0]) if named else None
    source = network.slug if network else "".join(named)
    external_id = clean_line(values.get("external_id", ""))
    if not external_id:
        telling = [values.get(f"title_{language}", "") for language in site_languages()]
        telling += [values.get("city", ""), values.get("geonames_id", "")]
        digest = hashlib.sha256("\n".join(clean_line(repaired(text)) for text in telling).encode())
        external_id = f"row-{digest.hexdigest()[:20]}"
    return source[:80], external_id


def hub_number(values) -> int:
    """The number of the practice here that a row is about; 0 where it names none, or nothing like a number."""
    text = clean_line(values.get(HUB_ID, ""))
    return int(text) if text.isdecimal() and len(text) < 19 else 0


def wanted_place(values, references) -> tuple[int, str, str]:
    """(GeoNames id or 0, name, ISO country or "") of the city that a row names."""
    number = clean_line(values.get("geonames_id", ""))
    country = clean_line(values.get("country", ""))
    return (
        int(number) if number.isdecimal() and len(number) < 12 else 0,
        clean_line(values.get("city", "")),
        references.country(country) if country else "",
    )


class RowChecker:
    """Checks rows one after the other against the same references."""

    def __init__(self, references: References, *, repair_encoding: bool | None = None, actor=None):
        """`repair_encoding`: True repairs broken words, False keeps them, None makes them a problem to decide on."""
        self.references = references
        self.scope = Scope(actor)
        self.repair_encoding = repair_encoding
        self._first_line = {}
        self._choices = {column: _choices(column) for column in CHOICE_COLUMNS}
        self._text_columns = text_columns()

    def check(self, row, existing: Practice | None) -> CheckedRow:
        """What a row becomes. A column that the file does not have leaves an existing practice as it is in that."""
        values = dict(row.values)
        source, external_id = identity(values, self.references)
        checked = CheckedRow(row.line, external_id, "")
        if row.problem:
            checked.problems.append(("", row.problem))
            return checked
        self._check_cells(values, existing, checked)
        self._check_identity(values, source, existing, checked)
        checked.own_organisations = own_organisations(existing) if existing else {"lead": {}, "partners": {}}
        practice = existing or Practice(external_source=source, external_id=external_id[:120])
        before = _snapshot(practice) if existing else None
        former_city = practice.city_id
        record = PracticeRecord(practice, is_new=existing is None)
        self._fill_choices(values, practice, checked)
        self._fill_texts(values, practice, checked)
        self._fill_dates_and_numbers(values, practice, checked)
        self._fill_terms(values, record, checked)
        self._fill_place(values, practice, checked)
        self._fill_relations(values, record, checked)
        self.scope.check(record, checked, former_city)
        self._check_status(practice, record, checked)
        checked.title = localized(practice, "title", current_language(), practice.source_language).text
        if not checked.problems:
            checked.record = record
            checked.is_unchanged = existing is not None and before == _snapshot(practice)
            checked.is_unchanged = checked.is_unchanged and self._same_relations(record, checked)
            if practice.status in _TAKEN_OFF and not checked.is_unchanged:
                checked.problems.append(("", str(_TAKEN_OFF[practice.status])))
        return checked

    def _check_cells(self, values, existing, checked):
        for column, value in values.items():
            if existing and column in self._text_columns and value == getattr(existing, column):
                continue  # What stands in the hub has been decided on.
            if len(value) > MAX_CELL:
                checked.problems.append((column, _("This text is far too long.")))
                values[column] = ""
            elif value and _MAYBE_BROKEN.search(value) and (pieces := broken_pieces(value)):
                checked.broken += [(column, written, meant) for written, meant in pieces]
                if self.repair_encoding:
                    values[column] = repaired(value)
                elif self.repair_encoding is None:
                    reason = _("Broken encoding: “%(written)s” is probably “%(meant)s”.")
                    written, meant = map(_shortened, pieces[0])
                    checked.problems.append((column, reason % {"written": written, "meant": meant}))

    def _check_identity(self, values, source, existing, checked):
        number, external_id = clean_line(values.get(HUB_ID, "")), checked.external_id
        if number and (existing is None or existing.pk != hub_number(values)):
            reason = _("No practice has this number here. Leave the column out to add new ones.")
            checked.problems.append((HUB_ID, reason))
            return
        if number:
            checked.external_id = existing.external_id or f"#{existing.pk}"
            if clean_line(values.get("external_id", "")) not in ("", existing.external_id):
                reason = _("This practice has another external id. It is changed in the form of the practice.")
                checked.problems.append(("external_id", reason))
        elif len(external_id) > 120:
            checked.problems.append(("external_id", _("At most 120 characters.")))
        first = self._first_line.setdefault(existing.pk if existing else (source, external_id), checked.line)
        if first != checked.line:
            reason = _("The same practice stands in line %(line)s.") % {"line": first}
            checked.problems.append((HUB_ID if number else "external_id", reason))

    def _fill_choices(self, values, practice, checked):
        is_taken_off = practice.status in _TAKEN_OFF
        for column, choices in self._choices.items():
            text = clean_line(values.get(column, ""))
            if not text:
                continue
            key = choices.get(fold(text))
            if key is None or (column == "status" and key not in {*_IMPORTED_STATES, practice.status}):
                _unknown(checked, column, text)
            # What was taken off the pages comes back by a decision, never because an old list is read again.
            elif column != "status" or not is_taken_off:
                setattr(practice, column, key)
        if not practice.source_language:
            present = [code for code in site_languages() if values.get(f"title_{code}", "").strip()]
            if len(present) == 1:
                practice.source_language = present[0]
            else:
                checked.problems.append(("source_language", _("Say in which language the practice was written.")))
                practice.source_language = present[0] if present else site_languages()[0]

    def _fill_texts(self, values, practice, checked):
        # A draft that was begun here may still be without.
        is_begun = practice.pk is not None and not getattr(practice, f"title_{practice.source_language}")
        for column in self._text_columns:
            if column not in values or values[column] == getattr(practice, column):
                continue
            field_ = Practice._meta.get_field(column)
            try:
                setattr(practice, column, field_.clean(values[column], practice))
            except ValidationError as error:
                checked.problems += [(column, message) for message in error.messages]
        title = f"title_{practice.source_language}"
        is_told = is_begun or any(column == title for column, __ in checked.problems)
        if not getattr(practice, title) and not is_told:
            checked.problems.append((title, _("A title is needed.")))

    def _fill_dates_and_numbers(self, values, practice, checked):
        for column in MONTH_COLUMNS:
            if column in values:
                self._fill_month(column, clean_line(values[column]), practice, checked)
        if practice.starts_on and practice.ends_on and practice.ends_on < practice.starts_on:
            checked.problems.append(("ends_on", _("A practice cannot end before it begins.")))
        for column in DATE_COLUMNS:
            if text := clean_line(values.get(column, "")):
                self._fill_day(column, text, practice, checked)
        for column in NUMBER_COLUMNS:
            if column in values:
                self._fill_number(column, clean_line(values[column]), practice, checked)
        if currency := clean_line(values.get("budget_currency", "")).upper():
            if re.fullmatch("[A-Z]{3}", currency):
                practice.budget_currency = currency
            else:
                _unknown(checked, "budget_currency", currency)

    def _fill_month(self, column, text, practice, checked):
        if not text:
            setattr(practice, column, None)
            return
        found = _MONTH.match(text)
        year, month = (found[1] or found[4], found[2] or found[3]) if found else (0, 0)
        try:
            first = date(int(year), int(month), 1)
            stored = getattr(practice, column)
            if not (stored and stored.replace(day=1) == first):  # The month counts; any day of it stays.
                setattr(practice, column, first)
        except ValueError:
            reason = _("Write a month as YYYY-MM, not “%(text)s”.")
            checked.problems.append((column, reason % {"text": _shortened(text)}))

    def _fill_day(self, column, text, practice, checked):
        found = _DAY.match(text)
        try:
            day = date(*map(int, found.groups()))
        except (AttributeError, ValueError):
            reason = _("Write a day as YYYY-MM-DD, not “%(text)s”.")
            checked.problems.append((column, reason % {"text": _shortened(text)}))
            return
        if column == "confirmed_on":
            practice.confirmed_on = day
        elif not (practice.published_at and practice.published_at.astimezone(UTC).date() == day):
            practice.published_at = datetime.combine(day, time(12), UTC)

    def _fill_number(self, column, text, practice, checked):
        if not text:
            setattr(practice, column, None)
            return
        try:
            number = Decimal(text.replace(" ", "").replace(",", ".") if "." not in text else text)
            setattr(practice, column, Practice._meta.get_field(column).clean(number, practice))
        except InvalidOperation:
            checked.problems.append((column, _("“%(text)s” is not a number.") % {"text": _shortened(text)}))
        except ValidationError as error:
            checked.problems += [(column, message) for message in error.messages]

    def _fill_terms(self, values, record, checked):
        practice = record.practice
        for column, scheme in TERM_COLUMNS.items():
            if column not in values:
                continue
            text = clean_line(values[column])
            kept = getattr(practice, f"{column}_id")
            term = self._term(scheme, text, {kept}, column, checked) if text else None
            if term or not text:
                setattr(practice, column, term)
        for column, (scheme, most) in TERMS_COLUMNS.items():
            stored = [] if record.is_new else _stored_terms(practice, column)
            if column not in values:
                record.terms[column] = stored
                continue
            found = [self._term(scheme, text, stored, column, checked) for text in _several(values[column])]
            terms = list(dict.fromkeys(term.pk for term in found if term))
            if most and len(terms) > most:
                checked.problems.append((column, _("At most %(most)s are possible.") % {"most": most}))
            record.terms[column] = terms

    def _term(self, scheme, text, kept, column, checked):
        """The term of a text; None, with a problem, where there is none or where it is no longer offered."""
        term = self.references.term(scheme, text)
        if term is None:
            _unknown(checked, column, text)
        elif term.deprecated and term.pk not in kept:
            reason = _("“%(text)s” is no longer used; choose another term.")
            checked.problems.append((column, reason % {"text": _shortened(text)}))
            return None
        return term

    def _fill_place(self, values, practice, checked):
        number, name, country = wanted_place(values, self.references)
        written_number = clean_line(values.get("geonames_id", ""))
        written_country = clean_line(values.get("country", ""))
        checked.place = practice.city_id
        if written_country and not country:
            _unknown(checked, "country", written_country)
        elif written_number and not number:
            _unknown(checked, "geonames_id", written_number)
        elif number or name:
            found = self.references.places(number, name, country)
            if len(found) == 1:
                checked.place = found[0]
            elif practice.city_id in found:
                pass  # Of several of this name it is the one that it was.
            elif found:
                reason = _("There are several places called “%(name)s”. Give the country or the GeoNames id.")
                checked.problems.append(("city", reason % {"name": _shortened(name)}))
            elif name and not (number or country):
                checked.problems.append(
                    ("country", _("Say in which country “%(name)s” is.") % {"name": _shortened(name)})
                )
            else:
                _unknown(checked, "geonames_id" if number else "city", str(number or f"{name}, {country}"))
        elif {"city", "geonames_id"} & values.keys():
            checked.place = None
        if not isinstance(checked.place, Place):
            practice.city_id = checked.place

    def _fill_relations(self, values, record, checked):
        practice = record.practice
        if "network" in values or record.is_new:
            for text in _several(values.get("network", "")):
                network = self.references.network(text)
                if text == FURTHER_NETWORKS and not record.is_new:
                    record.network_ids += [known.pk for known in practice.networks.all()]
                elif network is None:
                    _unknown(checked, "network", text)
                elif network.pk not in record.network_ids:
                    record.network_ids.append(network.pk)
            record.network_ids = list(dict.fromkeys(record.network_ids))
        else:
            record.network_ids = [network.pk for network in practice.networks.all()]
        for column, role in (("lead_organisation", "lead"), ("partners", "partners")):
            if column in values:
                names = _several(values[column])
                checked.organisations[role] = names[:1] if role == "lead" else names
                checked.problems += [(column, message) for name in names for message in _faults_of_name(name)]
        record.partner_ids = [] if record.is_new else [partner.pk for partner in practice.partners.all()]
        record.links = [] if record.is_new else [link.url for link in practice.links.all()]
        if "links" in values:
            record.links = [url for url in _several(values["links"]) if _is_web_address(url, checked)]
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
        if practice.review_due_on is None:
            plan_review(practice)

    def _same_relations(self, record, checked):
        """Whether the relations of an existing practice are what the row says; its own values are compared already."""
        practice = record.practice

        def known(name, role):
            own = checked.own_organisations[role]
            return own.get(fold(name)) or self.references.known_organisation(name)

        lead, partners = checked.organisations.get("lead"), checked.organisations.get("partners")
        return (
            all(_stored_terms(practice, name) == record.terms[name] for name in ("themes",))
            and all(set(_stored_terms(practice, name)) == set(record.terms[name]) for name in record.terms)
            and {network.pk for network in practice.networks.all()} == set(record.network_ids)
            and [link.url for link in practice.links.all()] == record.links
            and not isinstance(checked.place, Place)
            and (
                lead is None
                or [practice.lead_organisation_id] == ([known(name, "lead") or 0 for name in lead] or [None])
            )
            and (partners is None or set(record.partner_ids) == {known(name, "partners") for name in partners})
        )


def _stored_terms(practice, column):
    if column == "themes":
        return [ranked.theme_id for ranked in practice.ranked_themes.all()]
    return [term.pk for term in getattr(practice, column).all()]


def _choices(column):
    """Keys and labels of a choice in every site language, folded, to keys."""
    if column == "source_language":
        codes = site_languages()
        names = {fold(name_in(code, reader)): code for code in codes for reader in codes}
        return names | {fold(own_name(code)): code for code in codes} | {code: code for code in codes}
    found = {}
    for language in site_languages():
        with translation.override(language):
            found |= {fold(str(label)): key for key, label in Practice._meta.get_field(column).choices}
    return found | {fold(str(key)): key for key, __ in Practice._meta.get_field(column).choices}


def _several(text):
    return list(dict.fromkeys(part for part in map(clean_line, separated(text)) if part))


def _shortened(text):
    return text if len(text) <= QUOTED_AT_MOST else text[: QUOTED_AT_MOST - 1] + "…"


def _unknown(checked, column, text):
    checked.problems.append((column, _("“%(text)s” is not known.") % {"text": _shortened(text)}))


def _faults_of_name(name):
    try:
        Organisation._meta.get_field("name").clean(name, None)
    except ValidationError as error:
        return error.messages
    return []


def _is_web_address(url, checked):
    try:
        _check_url(url)
        PracticeLink._meta.get_field("url").clean(url, None)
    except ValidationError:
        checked.problems.append(("links", _("“%(text)s” is not a web address.") % {"text": _shortened(url)}))
        return False
    return True


def _snapshot(practice):
    """All own values of a practice but the bookkeeping, to tell whether a row changes anything."""
    skipped = {"updated_at", "created_at", "version"}
    return {
        field_.attname: getattr(practice, field_.attname) or ""
        for field_ in practice._meta.concrete_fields
        if field_.name not in skipped
    }
