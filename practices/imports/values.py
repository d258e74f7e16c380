"""A row's own values, into the practice: choices, texts, months, days and numbers. What does not fit is noted."""

import re
from datetime import UTC, date, datetime, time
from decimal import Decimal, InvalidOperation

from django.core.exceptions import ValidationError
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from common.languages import name_in, own_name, site_languages
from common.search.folding import fold
from common.text import clean_line
from practices.columns import CHOICE_COLUMNS, DATE_COLUMNS, MONTH_COLUMNS, NUMBER_COLUMNS
from practices.imports.outcome import shortened
from practices.models import Practice

TAKEN_OFF = {
    Practice.Status.ARCHIVED: gettext_lazy("This practice is archived. Take it out of the archive first."),
    Practice.Status.WITHDRAWN: gettext_lazy("This practice was withdrawn. An import does not change it."),
}
"""States of practices that an import leaves alone, and why."""

_IMPORTED_STATES = {Practice.Status.DRAFT, Practice.Status.PUBLISHED}
_MONTH = re.compile(r"^(\d{4})-(\d{1,2})(?:-\d{1,2})?$|^(\d{1,2})[/.](\d{4})$")
_DAY = re.compile(r"^(\d{4})-(\d{1,2})-(\d{1,2})$")


# Choices


def keys_of_choices() -> dict[str, dict[str, str]]:
    """By column: keys and labels of its choices in every site language, folded, to keys."""
    return {column: _keys(column) for column in CHOICE_COLUMNS}


def _keys(column):
    if column == "source_language":
        codes = site_languages()
        names = {fold(name_in(code, reader)): code for code in codes for reader in codes}
        return names | {fold(own_name(code)): code for code in codes} | {code: code for code in codes}
    found = {}
    for language in site_languages():
        with translation.override(language):
            found |= {fold(str(label)): key for key, label in Practice._meta.get_field(column).choices}
    return found | {fold(str(key)): key for key, __ in Practice._meta.get_field(column).choices}


def fill_choices(values, practice, checked, keys):
    """`keys` are those of `keys_of_choices`, which are made once per file."""
    is_taken_off = practice.status in TAKEN_OFF
    for column, by_text in keys.items():
        text = clean_line(values.get(column, ""))
        if not text:
            continue
        key = by_text.get(fold(text))
        if key is None or (column == "status" and key not in {*_IMPORTED_STATES, practice.status}):
            checked.refuse_unknown(column, text)
        # What was taken off the pages comes back by a decision, never because an old list is read again.
        elif column != "status" or not is_taken_off:
            setattr(practice, column, key)
    if not practice.source_language:
        present = [code for code in site_languages() if values.get(f"title_{code}", "").strip()]
        if len(present) == 1:
            practice.source_language = present[0]
        else:
            checked.refuse("source_language", _("Say in which language the practice was written."))
            practice.source_language = present[0] if present else site_languages()[0]


# Texts


def fill_texts(values, practice, checked, columns):
    # A draft that was begun here may still be without.
    is_begun = practice.pk is not None and not getattr(practice, f"title_{practice.source_language}")
    for column in columns:
        if column in values and values[column] != getattr(practice, column):
            _fill(column, values[column], practice, checked)
    title = f"title_{practice.source_language}"
    is_told = is_begun or any(column == title for column, __ in checked.problems)
    if not getattr(practice, title) and not is_told:
        checked.refuse(title, _("A title is needed."))


def fill_contact(values, practice, checked):
    if "contact_email" in values:
        _fill("contact_email", clean_line(values["contact_email"]), practice, checked)


def _fill(column, value, practice, checked):
    """Set what the field itself makes of a value."""
    try:
        setattr(practice, column, Practice._meta.get_field(column).clean(value, practice))
    except ValidationError as error:
        checked.refuse(column, *error.messages)


# Dates and numbers


def fill_dates_and_numbers(values, practice, checked):
    for column in MONTH_COLUMNS:
        if column in values:
            _fill_month(column, clean_line(values[column]), practice, checked)
    if practice.starts_on and practice.ends_on and practice.ends_on < practice.starts_on:
        checked.refuse("ends_on", _("A practice cannot end before it begins."))
    for column in DATE_COLUMNS:
        if text := clean_line(values.get(column, "")):
            _fill_day(column, text, practice, checked)
    for column in NUMBER_COLUMNS:
        if column in values:
            _fill_number(column, clean_line(values[column]), practice, checked)
    if currency := clean_line(values.get("budget_currency", "")).upper():
        if re.fullmatch("[A-Z]{3}", currency):
            practice.budget_currency = currency
        else:
            checked.refuse_unknown("budget_currency", currency)


def _fill_month(column, text, practice, checked):
    if not text:
        setattr(practice, column, None)
        return
    found = _MONTH.match(text)
    year, month = (found[1] or found[4], found[2] or found[3]) if found else (0, 0)
    try:
        first = date(int(year), int(month), 1)
    except ValueError:
        checked.refuse(column, _("Write a month as YYYY-MM, not “%(text)s”.") % {"text": shortened(text)})
        return
    stored = getattr(practice, column)
    if not (stored and stored.replace(day=1) == first):  # The month counts; any day of it stays.
        setattr(practice, column, first)


def _fill_day(column, text, practice, checked):
    found = _DAY.match(text)
    try:
        day = date(*map(int, found.groups()))
    except (AttributeError, ValueError):
        checked.refuse(column, _("Write a day as YYYY-MM-DD, not “%(text)s”.") % {"text": shortened(text)})
        return
    if column == "confirmed_on":
        practice.confirmed_on = day
    elif not (practice.published_at and practice.published_at.astimezone(UTC).date() == day):
        practice.published_at = datetime.combine(day, time(12), UTC)


def _fill_number(column, text, practice, checked):
    if not text:
        setattr(practice, column, None)
        return
    try:
        number = Decimal(text.replace(" ", "").replace(",", ".") if "." not in text else text)
        _fill(column, number, practice, checked)
    except InvalidOperation:
        checked.refuse(column, _("“%(text)s” is not a number.") % {"text": shortened(text)})
