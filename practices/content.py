"""What a practice says as plain data: the shape of revisions and versions, and the way back into the record.

{field: value}: texts by column ("title_sv"), dates in ISO form, decimals as text, relations as ids (lists in order),
`links` as [{"url", "title_sv", ...}], `images` and `documents` as [{"id", "alt_text_sv", ...}]. Equal content is
equal data, so versions can be compared field by field.
"""

import hashlib
import json
from collections import defaultdict
from datetime import date
from decimal import Decimal

from django.db import models

from common.languages import in_all_languages, site_languages
from practices.models import Practice, PracticeDocument, PracticeImage, PracticeLink, PracticeTheme
from practices.models.practice import MANY_TERMS, ONE_TERM
from practices.search.vectors import TEXT_FIELDS

TEXTS = TEXT_FIELDS
"""Translated fields, in the order in which a reader meets them."""

PLAIN = (
    "source_language",
    "location_precision",
    "starts_on",
    "ends_on",
    "budget_amount",
    "budget_currency",
    "staff_fte",
    "contact_email",
    "licence",
    "visibility",
    "harm_checklist",
)
SINGLE = ("city", "lead_organisation", *ONE_TERM)
MANY = ("networks", "partners", *MANY_TERMS)
ATTACHED = {
    "images": (PracticeImage, ("alt_text", "caption"), ("credit", "licence", "has_consent")),
    "documents": (PracticeDocument, ("title",), ("language",)),
}
"""Files: {field: (model, translated columns, plain columns)}; content names them by id, in order."""


def text_columns() -> list[str]:
    return in_all_languages(*TEXTS)


def fields() -> list[str]:
    """All keys of a content."""
    return [*text_columns(), *PLAIN, *SINGLE, "themes", *MANY, "links", *ATTACHED]


def read_content(practice: Practice) -> dict:
    """What a stored practice says now."""
    return read_contents([practice])[practice.pk]


def read_contents(practices: list[Practice]) -> dict[int, dict]:
    """{id: what it says now} of stored practices, in as many statements for a thousand as for one."""
    ids = [practice.pk for practice in practices]
    related = {name: _related_ids(name, ids) for name in ("themes", *MANY)}
    codes = site_languages()
    links = _rows_by_practice(PracticeLink.objects.all(), ids, ["url", *(f"title_{code}" for code in codes)])
    attached = {}
    for name, (model, translated, plain) in ATTACHED.items():
        columns = [f"{column}_{code}" for column in translated for code in codes]
        attached[name] = _rows_by_practice(model.objects.filter(is_live=True), ids, ["id", *columns, *plain])
    contents = {}
    for practice in practices:
        content = {name: getattr(practice, name) or "" for name in text_columns()}
        content |= {name: plain_value(getattr(practice, name)) for name in PLAIN}
        content |= {name: getattr(practice, f"{name}_id") for name in SINGLE}
        content |= {name: of_practice.get(practice.pk, []) for name, of_practice in related.items()}
        content["links"] = links.get(practice.pk, [])
        content |= {name: of_practice.get(practice.pk, []) for name, of_practice in attached.items()}
        contents[practice.pk] = content
    return contents


def _related_ids(name, practice_ids):
    """{practice: ids of a relation}; themes by rank, the others by id, so that equal content is equal data."""
    if name == "themes":
        rows = PracticeTheme.objects.filter(practice__in=practice_ids).order_by("practice_id", "rank")
        pairs = rows.values_list("practice_id", "theme_id")
    else:
        target = Practice._meta.get_field(name).m2m_reverse_name()
        through = Practice._meta.get_field(name).remote_field.through
        rows = through.objects.filter(practice__in=practice_ids).order_by("practice_id", target)
        pairs = rows.values_list("practice_id", target)
    found = defaultdict(list)
    for practice_id, related_id in pairs:
        found[practice_id].append(related_id)
    return found


def _rows_by_practice(queryset, practice_ids, columns):
    found = defaultdict(list)
    for practice_id, *values in queryset.filter(practice__in=practice_ids).values_list("practice_id", *columns):
        row = ("" if value is None else value for value in values)
        found[practice_id].append(dict(zip(columns, row, strict=True)))
    return found


def empty_content(source_language: str) -> dict:
    """The content of a practice nobody has written anything in."""
    blank = Practice(source_language=source_language)
    content = dict.fromkeys(text_columns(), "")
    content |= {name: plain_value(getattr(blank, name)) for name in PLAIN} | dict.fromkeys(SINGLE)
    return content | {name: [] for name in ("themes", *MANY, "links", *ATTACHED)}


def filled_practice(practice: Practice, content: dict) -> Practice:
    """The practice with texts, plain values and single relations of a content set, not stored."""
    for name in (*text_columns(), *PLAIN):
        if name in content:
            field = Practice._meta.get_field(name)
            setattr(practice, name, content[name] if name == "harm_checklist" else _python(field, content[name]))
    for name in SINGLE:
        if name in content:
            setattr(practice, f"{name}_id", content[name])
    return practice


def write_content(practice: Practice, content: dict) -> None:
    """Store a content into the record and its relations. The caller checks, versions and indexes it."""
    filled_practice(practice, content).save()
    if "themes" in content:
        practice.ranked_themes.all().delete()
        PracticeTheme.objects.bulk_create(
            PracticeTheme(practice=practice, theme_id=theme, rank=rank)
            for rank, theme in enumerate(content["themes"], start=1)
        )
    for name in MANY:
        if name in content:
            getattr(practice, name).set(content[name])
    if "links" in content:
        practice.links.all().delete()
        PracticeLink.objects.bulk_create(
            PracticeLink(practice=practice, order=order, **link) for order, link in enumerate(content["links"])
        )
    for name in ATTACHED:
        if name in content:
            _write_attached(practice, name, content[name])


def _write_attached(practice, name, rows):
    model = ATTACHED[name][0]
    wanted = {row["id"]: (order, row) for order, row in enumerate(rows)}
    for record in model.objects.filter(practice=practice):
        if record.pk in wanted:
            record.order, row = wanted[record.pk]
            for column, value in row.items():
                if column != "id":
                    setattr(record, column, value)
        record.is_live = record.pk in wanted
        record.save()


def still_stored(practice: Practice, name: str, rows: list[dict]) -> list[dict]:
    """Those rows of a former content's "images" or "documents" whose file the practice still has, shown or not."""
    kept = set(ATTACHED[name][0].objects.filter(practice=practice).values_list("pk", flat=True))
    return [row for row in rows if row["id"] in kept]


def changed_fields(before: dict, after: dict) -> list[str]:
    """Keys whose values differ, in the order of `fields`; a key that one side lacks counts as unchanged."""
    return [name for name in fields() if name in before and name in after and before[name] != after[name]]


def moved_texts(content: dict, old: str, new: str) -> dict:
    """The changes by which what was written under one language stands under another, where nothing stands yet."""
    changes = {}
    for name in TEXTS:
        if content.get(f"{name}_{old}") and not content.get(f"{name}_{new}"):
            changes |= {f"{name}_{new}": content[f"{name}_{old}"], f"{name}_{old}": ""}
    translated = {"links": ("title",)} | {name: columns for name, (_model, columns, _plain) in ATTACHED.items()}
    for name, columns in translated.items():
        rows = [_moved(row, columns, old, new) for row in content.get(name, [])]
        if rows != content.get(name, []):
            changes[name] = rows
    return changes


def _moved(row, columns, old, new):
    moved = dict(row)
    for column in columns:
        if row.get(f"{column}_{old}") and not row.get(f"{column}_{new}"):
            moved |= {f"{column}_{new}": row[f"{column}_{old}"], f"{column}_{old}": ""}
    return moved


def lists_of(content: dict) -> dict[str, list[int]]:
    """The lists that publication requires, as `missing_for_publication` takes them."""
    return {name: content.get(name, []) for name in ("themes", "approaches", "beneficiaries")}


def plain_value(value):
    """A field's value as JSON holds it."""
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return str(value)
    return "" if value is None else value


def digest(value) -> str:
    """A hash of a value that is equal for equal content."""
    return hashlib.sha256(json.dumps(value, ensure_ascii=False, sort_keys=True).encode()).hexdigest()[:32]


def _python(field, value):
    if value == "" and field.null and not isinstance(field, models.CharField | models.TextField):
        return None
    return field.to_python(value)
