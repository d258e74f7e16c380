"""Contents made ready to be read: the fields of one with their names, and what differs between two, word by word."""

from dataclasses import dataclass, field

from django.utils.translation import gettext as _

from common.languages import direction, own_name
from common.phrases import listed
from common.text import plain_from_rich
from networks.models import City, Network, Organisation
from practices import harm
from practices.content import ATTACHED, MANY, SINGLE, TEXTS, fields
from practices.models import Practice, PracticeDocument, PracticeImage
from practices.search.vectors import RICH_FIELDS
from practices.services import compare
from practices.wording import Piece, word_pieces
from vocabularies.models import Term

INTERNAL = frozenset({"harm_checklist"})
"""Fields that only those who write or decide may see."""

_RELATED = {
    name: Practice._meta.get_field(name).related_model for name in (*SINGLE, "themes", *MANY) if name in fields()
}


def label_of(name: str) -> str:
    """What a person calls a column of a practice: "summary (Svenska)"."""
    model_field = Practice._meta.get_field(name)
    if language := getattr(model_field, "language", ""):
        return f"{model_field.translated_field.verbose_name} ({own_name(language)})"
    if name in ATTACHED or name == "links":
        return str(model_field.related_model._meta.verbose_name_plural)
    return str(model_field.verbose_name)


def language_of(name: str) -> str:
    """The language of a text column, "" for the other fields."""
    return getattr(Practice._meta.get_field(name), "language", "")


class Names:
    """Names of the records that contents hold by id, in the reader's language; one statement per kind of record."""

    def __init__(self, *contents: dict):
        wanted: dict[type, set] = {model: set() for model in (Term, Network, Organisation, City)}
        files: dict[str, set] = {name: set() for name in ATTACHED}
        for content in contents:
            for name, model in _RELATED.items():
                value = content.get(name)
                wanted[model].update(value if isinstance(value, list) else [value] if value else [])
            for name in files:
                files[name].update(row["id"] for row in content.get(name, []))
        self._found = {
            model: {pk: str(record) for pk, record in model.objects.in_bulk(ids).items()} if ids else {}
            for model, ids in wanted.items()
        }
        models = {"images": PracticeImage, "documents": PracticeDocument}
        self._files = {name: models[name].objects.in_bulk(ids) if ids else {} for name, ids in files.items()}

    def items(self, name: str, value) -> list[str]:
        """The parts of a value as a reader would read them; [] where there is nothing."""
        if name in _RELATED:
            ids = value if isinstance(value, list) else [value] if value else []
            return [self._found[_RELATED[name]].get(pk, f"#{pk}") for pk in ids]
        if name == "links":
            return [_named(row, "title", row["url"]) for row in value or []]
        if name in ATTACHED:
            column = "title" if name == "documents" else "alt_text"
            return [_named(row, column, str(self._files[name].get(row["id"], f"#{row['id']}"))) for row in value or []]
        if name == "harm_checklist":
            return [
                " ".join(filter(None, (str(question), str(harm.ANSWERS.get(row["answer"], "")), row["mitigation"])))
                for key, question in harm.QUESTIONS.items()
                if (row := (value or {}).get(key))
            ]
        if value in ("", None):
            return []
        choices = dict(Practice._meta.get_field(name).flatchoices)
        return [str(choices.get(value, value))]


def _named(row, column, fallback):
    """All that is said of a file or link, so that a change in any language shows."""
    said = [f"{value}" for key, value in row.items() if key.startswith(f"{column}_") and value]
    return listed(dict.fromkeys([*said, fallback]) if column == "title" else said or [fallback])


# One content -------------------------------------------------------------------------------------


@dataclass
class Entry:
    """One field as a reader sees it: `html` of rich texts, `text` of plain ones, `items` of all others."""

    name: str
    label: str
    language: str = ""
    html: str = ""
    text: str = ""
    items: list[str] = field(default_factory=list)
    comments: list = field(default_factory=list)

    @property
    def direction(self):
        return direction(self.language) if self.language else ""


def entries(content: dict, names: Names, language: str) -> list[Entry]:
    """The record in one language, fields that say something, in the order of the record."""
    found = []
    for base in TEXTS:
        name = f"{base}_{language}"
        if text := content.get(name):
            kind = "html" if base in RICH_FIELDS else "text"
            found.append(Entry(name, label_of(name), language, **{kind: text}))
    for name in fields():
        if language_of(name) or name in INTERNAL:
            continue
        if items := names.items(name, content.get(name)):
            found.append(Entry(name, label_of(name), items=items))
    return found


# Two contents ------------------------------------------------------------------------------------


@dataclass
class Difference:
    """A field that differs. Texts have `pieces`; the others say what was taken out, what was put in and what stayed."""

    name: str
    label: str
    language: str = ""
    pieces: list[Piece] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    added: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)
    note: str = ""
    comments: list = field(default_factory=list)

    @property
    def direction(self):
        return direction(self.language) if self.language else ""


def differences(before: dict, after: dict, names: Names, *, with_internal=False) -> list[Difference]:
    """What differs between two contents, in every language; internal fields only for those who may see them."""
    found = []
    for change in compare(before, after):
        if change.name in INTERNAL and not with_internal:
            continue
        language = language_of(change.name)
        difference = Difference(change.name, label_of(change.name), language)
        if language:
            difference.pieces = word_pieces(
                _words_of(change.name, change.before), _words_of(change.name, change.after)
            )
            if all(piece.kind == "same" for piece in difference.pieces):
                difference.note = _("Only the formatting or a link changed.")
        else:
            old, new = names.items(change.name, change.before), names.items(change.name, change.after)
            difference.removed = [item for item in old if item not in new]
            difference.added = [item for item in new if item not in old]
            difference.kept = [item for item in new if item in old]
            if not (difference.removed or difference.added):
                difference.note = _("Only the order or a detail changed.")
        found.append(difference)
    return found


def _words_of(name, value):
    value = value or ""
    return plain_from_rich(value) if name.rsplit("_", 1)[0] in RICH_FIELDS else value
