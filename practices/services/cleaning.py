"""Values of a revision's content, as they may be stored."""

from django.core.exceptions import PermissionDenied, ValidationError
from django.core.validators import URLValidator
from django.utils.translation import gettext as _

from common.fields import LineField
from common.languages import site_languages
from common.text import check_length, clean_plain
from practices import harm
from practices.content import ATTACHED, MANY, PLAIN, SINGLE, fields, plain_value
from practices.models import Practice, PracticeLink, PracticeTheme
from practices.rules import can_write
from practices.services.publishing import REQUIRED_LISTS
from vocabularies.models import Term

MOST_ROWS = 30
"""Of links, pictures, documents, partners: far beyond what a page can show."""

RELATIONS = (*SINGLE, "themes", *MANY)


def clean_changes(changes: dict, *, practice: Practice | None = None, actor=None) -> dict:
    """The values as they are stored. Raises ValidationError {field: errors}; unknown fields are refused.

    With an actor, raises PermissionDenied for a city that the actor may not write for.
    """
    unknown = set(changes) - set(fields())
    if unknown:
        raise ValidationError(_("Unknown field: %(name)s") % {"name": ", ".join(sorted(unknown))})
    schemes = _schemes_of(changes)
    cleaned, errors = {}, {}
    for name, value in changes.items():
        try:
            cleaned[name] = _clean(name, value, schemes, practice)
        except ValidationError as error:
            errors[name] = error
    if errors:
        raise ValidationError(errors)
    if actor is not None and "city" in cleaned and cleaned["city"] != getattr(practice, "city_id", None):
        moved = Practice(pk=practice.pk, city_id=cleaned["city"])
        if cleaned["city"] is None or not can_write(actor, moved):
            raise PermissionDenied
    return cleaned


def _clean(name, value, schemes, practice):
    if name == "harm_checklist":
        return _clean_checklist(value)
    if name == "links":
        return [_clean_link(row) for row in _rows(value)]
    if name in ATTACHED:
        return _clean_attached(name, _rows(value), practice)
    if name in RELATIONS:
        return _clean_relation(name, value, schemes)
    if name not in PLAIN and not isinstance(value, str | None):
        raise _no_such_choice()
    model_field = Practice._meta.get_field(name)
    return "" if value in ("", None) else plain_value(model_field.clean(value, None))


def _schemes_of(changes):
    """{term id: its scheme} of all terms that the changes name, in one query."""
    ids = set()
    for name in RELATIONS:
        if name in changes and _target(name) is Term:
            value = changes[name]
            ids.update(entry for entry in (value if isinstance(value, list) else [value]) if _is_id(entry))
    return dict(Term.objects.filter(pk__in=ids).values_list("pk", "scheme")) if ids else {}


def _clean_relation(name, value, schemes):
    is_single = name in SINGLE
    if is_single and value in (None, ""):
        return None
    ids = [value] if is_single else list(dict.fromkeys(_rows(value, most=200)))
    if not all(map(_is_id, ids)):
        raise _no_such_choice()
    target = _target(name)
    if target is Term:
        scheme = _relation_field(name).get_limit_choices_to()["scheme"]
        known = {pk for pk in ids if schemes.get(pk) == scheme}
    else:
        known = set(target.objects.filter(pk__in=ids).values_list("pk", flat=True))
    if set(ids) - known:
        raise _no_such_choice()
    most = REQUIRED_LISTS.get(name)
    if most and len(ids) > most:
        raise ValidationError(_("At most %(most)s are possible.") % {"most": most})
    if is_single:
        return ids[0]
    # Themes are ranked, all other lists are sets.
    return ids if name == "themes" else sorted(ids)


def _relation_field(name):
    return PracticeTheme._meta.get_field("theme") if name == "themes" else Practice._meta.get_field(name)


def _target(name):
    return _relation_field(name).related_model


def _is_id(value):
    return isinstance(value, int) and not isinstance(value, bool) and 0 < value < 2**63


def _rows(value, most=MOST_ROWS):
    if not isinstance(value, list) or len(value) > most:
        raise ValidationError(_("At most %(most)s are possible.") % {"most": most})
    return value


def _no_such_choice():
    return ValidationError(_("Choose one of those offered."))


def _clean_link(row):
    titles = [f"title_{code}" for code in site_languages()]
    if not isinstance(row, dict) or set(row) - {"url", *titles}:
        raise _no_such_choice()
    cleaned = {name: _clean_column(PracticeLink, name, row.get(name, "")) for name in titles}
    url = PracticeLink._meta.get_field("url").clean(str(row.get("url", "")).strip(), None)
    URLValidator(schemes=["http", "https"])(url)
    return cleaned | {"url": url}


def _clean_attached(name, rows, practice):
    model, translated, plain = ATTACHED[name]
    columns = [f"{column}_{code}" for column in translated for code in site_languages()]
    own = set(model.objects.filter(practice=practice).values_list("pk", flat=True)) if practice and rows else set()
    cleaned = []
    for row in rows:
        if not isinstance(row, dict) or row.get("id") not in own or set(row) - {"id", *columns, *plain}:
            raise _no_such_choice()
        cleaned.append(
            {"id": row["id"]} | {column: _clean_column(model, column, row[column]) for column in row if column != "id"}
        )
    return cleaned


def _clean_column(model, name, value):
    field = model._meta.get_field(name)
    if isinstance(field, LineField) and value in ("", None):
        return ""
    return field.clean(value, None)


def _clean_checklist(value):
    cleaned = {}
    if not isinstance(value, dict):
        raise _no_such_choice()
    for question in harm.QUESTIONS:
        row = value.get(question, {})
        mitigation = clean_plain(str(row.get("mitigation", "")))
        check_length(mitigation, harm.MAX_MITIGATION)
        answer = row.get("answer", "")
        if answer in harm.ANSWERS or mitigation:
            cleaned[question] = {"answer": answer if answer in harm.ANSWERS else "", "mitigation": mitigation}
    return cleaned
