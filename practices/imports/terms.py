"""The terms that a row names: known ones, not too many, and none that is no longer offered."""

from django.utils.translation import gettext as _

from common.text import clean_line
from practices.columns import TERM_COLUMNS, TERMS_COLUMNS
from practices.imports.cells import several
from practices.imports.outcome import shortened


def fill_terms(values, record, checked, references):
    practice = record.practice
    for column, scheme in TERM_COLUMNS.items():
        if column not in values:
            continue
        text = clean_line(values[column])
        kept = getattr(practice, f"{column}_id")
        term = _term(references, scheme, text, {kept}, column, checked) if text else None
        if term or not text:
            setattr(practice, column, term)
    for column, (scheme, most) in TERMS_COLUMNS.items():
        stored = [] if record.is_new else _stored_terms(practice, column)
        if column not in values:
            record.terms[column] = stored
            continue
        found = [_term(references, scheme, text, stored, column, checked) for text in several(values[column])]
        terms = list(dict.fromkeys(term.pk for term in found if term))
        if most and len(terms) > most:
            checked.refuse(column, _("At most %(most)s are possible.") % {"most": most})
        record.terms[column] = terms


def _term(references, scheme, text, kept, column, checked):
    """The term of a text; None, with a problem, where there is none or where it is no longer offered."""
    term = references.term(scheme, text)
    if term is None:
        checked.refuse_unknown(column, text)
    elif term.deprecated and term.pk not in kept:
        reason = _("“%(text)s” is no longer used; choose another term.")
        checked.refuse(column, reason % {"text": shortened(text)})
        return None
    return term


def same_terms(record) -> bool:
    """Whether the practice has the terms of the record already; the rank of themes counts, other orders do not."""
    stored = {column: _stored_terms(record.practice, column) for column in record.terms}
    return stored["themes"] == record.terms["themes"] and all(
        set(stored[column]) == set(terms) for column, terms in record.terms.items()
    )


def _stored_terms(practice, column) -> list[int]:
    if column == "themes":
        return [ranked.theme_id for ranked in practice.ranked_themes.all()]
    return [term.pk for term in getattr(practice, column).all()]
