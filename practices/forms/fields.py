"""Fields of the writing form. Each turns what a browser sends into a value of a revision's content, and back."""

from dataclasses import dataclass

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from common.fields import LineField, RichTextField
from common.forms import RichTextWidget
from common.languages import direction
from common.text import clean_line
from practices import harm
from practices.models import Practice, PracticeDocument, PracticeImage

BLANK_ROWS = 2


@dataclass(frozen=True, slots=True)
class Option:
    """Something to choose; `search` has all words by which it may be looked for."""

    key: str
    label: str
    definition: str = ""
    search: str = ""
    is_chosen: bool = False


class Group(forms.Widget):
    """Several inputs under one name: told to screen readers as a field set."""

    use_fieldset = True

    def value_omitted_from_data(self, data, files, name):
        return False


class Options(Group):
    """Boxes or buttons with definitions; a script adds a field to narrow long lists."""

    template_name = "workspace/widgets/options.html"
    options: tuple[Option, ...] = ()

    def __init__(self, *, is_many, columns=True):
        super().__init__()
        self.is_many = is_many
        self.columns = columns

    def get_context(self, name, value, attrs):
        chosen = set(map(str, value or ()))
        options = [
            Option(option.key, option.label, option.definition, option.search, option.key in chosen)
            for option in self.options
        ]
        extra = {"options": options, "is_many": self.is_many, "is_long": len(options) > 8, "columns": self.columns}
        return {"widget": super().get_context(name, value, attrs)["widget"] | extra | {"is_empty": not chosen}}

    def value_from_datadict(self, data, files, name):
        return [key for key in data.getlist(name) if key]


class ContentField(forms.Field):
    """Base: never required, for a draft may lack anything."""

    def __init__(self, **options):
        super().__init__(required=False, **options)


class TextField(ContentField):
    """A text of the record, cleaned and measured by the column's own gate."""

    def __init__(self, column, language, **options):
        self.model_field = Practice._meta.get_field(column)
        attrs = {"lang": language, "dir": direction(language), "data-limit": self.model_field.limit}
        if isinstance(self.model_field, LineField):
            widget = forms.TextInput(attrs)
        elif isinstance(self.model_field, RichTextField):
            widget = RichTextWidget(attrs | {"class": "rich-text"})
        else:
            widget = forms.Textarea(attrs | {"rows": 4})
        super().__init__(widget=widget, **options)

    def clean(self, value):
        return self.model_field.clean(value, None) if value else ""


class PlainField(ContentField):
    """A line that a column of the record cleans: numbers, currency."""

    def __init__(self, name, **options):
        self.model_field = Practice._meta.get_field(name)
        self.is_number = not hasattr(self.model_field, "max_length") or self.model_field.max_length is None
        attrs = {"inputmode": "decimal", "class": "short"} if self.is_number else {"class": "short", "maxlength": 3}
        super().__init__(widget=forms.TextInput(attrs), **options)

    def clean(self, value):
        value = clean_line(value or "")
        if not value:
            return ""
        if self.is_number:
            # Both marks are used for decimals; thousands are set apart by spaces.
            return str(self.model_field.clean(value.replace(" ", "").replace(",", ".").replace("٫", "."), None))
        value = value.upper()
        if not (len(value) == 3 and value.isascii() and value.isalpha()):
            raise ValidationError(_("Three letters, such as EUR."))
        return value


class EmailField(ContentField):
    widget = forms.EmailInput

    def clean(self, value):
        value = clean_line(value or "")
        if value:
            validate_email(value)
        return value


class MonthField(ContentField):
    """To the month: the first day stands for it."""

    def __init__(self, **options):
        super().__init__(
            widget=forms.TextInput({"type": "month", "placeholder": "2024-03", "class": "short"}), **options
        )

    def prepare_value(self, value):
        return (value or "")[:7]

    def clean(self, value):
        value = clean_line(value or "")
        if not value:
            return ""
        try:
            year, month = map(int, value.split("-"))
            if not (1900 <= year <= 2200 and 1 <= month <= 12):
                raise ValueError
        except ValueError:
            raise ValidationError(_("Write year and month, such as 2024-03.")) from None
        return f"{year:04}-{month:02}-01"


class ChoiceField(ContentField):
    """One of a few fixed choices."""

    def __init__(self, choices, **options):
        self.choices = dict(choices)
        super().__init__(widget=forms.Select(choices=list(choices)), **options)

    def clean(self, value):
        if value not in self.choices:
            raise ValidationError(_("Choose one of those offered."))
        return value


class OptionsField(ContentField):
    """Ids of terms or other records; a single one, or a list that keeps no order."""

    def __init__(self, options_offered, *, is_many, columns=True, **options):
        widget = Options(is_many=is_many, columns=columns)
        widget.options = tuple(options_offered)
        self.is_many = is_many
        self.offered = {option.key for option in options_offered}
        super().__init__(widget=widget, **options)

    def prepare_value(self, value):
        return value if isinstance(value, list) else [value] if value else []

    def clean(self, value):
        if set(value) - self.offered:
            raise ValidationError(_("Choose one of those offered."))
        ids = sorted({int(key) for key in value})
        if self.is_many:
            return ids
        return ids[0] if ids else None


class RankedThemes(Group):
    template_name = "workspace/widgets/themes.html"
    options: tuple[Option, ...] = ()
    RANKS = (gettext_lazy("Most important"), gettext_lazy("Second"), gettext_lazy("Third"))

    def get_context(self, name, value, attrs):
        chosen = [*map(str, value or ()), "", "", ""]
        context = super().get_context(name, value, attrs)
        context["widget"]["ranks"] = [
            (
                number,
                label,
                [Option(o.key, o.label, o.definition, o.search, o.key == chosen[number]) for o in self.options],
            )
            for number, label in enumerate(self.RANKS)
        ]
        return context

    def value_from_datadict(self, data, files, name):
        return data.getlist(name)[:3]


class ThemesField(ContentField):
    def __init__(self, options_offered, **options):
        widget = RankedThemes()
        widget.options = tuple(options_offered)
        self.offered = {option.key for option in options_offered}
        super().__init__(widget=widget, **options)

    def clean(self, value):
        keys = [key for key in value if key]
        if set(keys) - self.offered:
            raise ValidationError(_("Choose one of those offered."))
        if len(set(keys)) < len(keys):
            raise ValidationError(_("Choose each theme once."))
        return [int(key) for key in keys]


class NamedField(ContentField):
    """A record looked up by the name that is typed; `register` knows the names (see `practices.forms.names`)."""

    def __init__(self, register, url, *, is_many=False, **options):
        self.register, self.is_many = register, is_many
        attrs = {"data-complete": url, "autocomplete": "off"}
        widget = forms.Textarea(attrs | {"rows": 4}) if is_many else forms.TextInput(attrs)
        super().__init__(widget=widget, **options)

    def prepare_value(self, value):
        if isinstance(value, str):
            return value
        ids = value if isinstance(value, list) else [value] if value else []
        return "\n".join(self.register.names_of(ids))

    def clean(self, value):
        lines = [line for line in map(clean_line, (value or "").splitlines()) if line]
        ids = [self.register.find(line) for line in lines]
        if self.is_many:
            return sorted(set(ids))
        return ids[0] if ids else None


class LinkRows(Group):
    template_name = "workspace/widgets/links.html"

    def get_context(self, name, value, attrs):
        context = super().get_context(name, value, attrs)
        rows = [*(value or ()), *({"url": "", "title": ""} for _number in range(BLANK_ROWS))]
        context["widget"]["rows"] = list(enumerate(rows, start=1))
        return context

    def value_from_datadict(self, data, files, name):
        pairs = zip(data.getlist(f"{name}-url"), data.getlist(f"{name}-title"), strict=False)
        return [{"url": url, "title": title} for url, title in pairs if url.strip() or title.strip()]


class LinksField(ContentField):
    widget = LinkRows

    def __init__(self, column, stored, **options):
        self.column = column
        self.stored = {row["url"]: row for row in stored}
        super().__init__(**options)

    def prepare_value(self, value):
        return [{"url": row["url"], "title": row.get(self.column, row.get("title", ""))} for row in value or ()]

    def clean(self, value):
        rows = []
        for row in value:
            url = row["url"].strip()
            if url and "://" not in url and ":" not in url.partition("/")[0]:
                url = f"https://{url}"
            try:
                if not url:
                    raise ValidationError(_("A title needs an address."))
                forms.URLField(max_length=500, assume_scheme="https").clean(url)
            except ValidationError as error:
                raise ValidationError(
                    _("%(link)s: %(problem)s") % {"link": url or row["title"], "problem": " ".join(error.messages)}
                ) from error
            # Titles in other languages belong to the translators.
            rows.append(self.stored.get(url, {}) | {"url": url, self.column: clean_line(row["title"])})
        return rows


class Checklist(Group):
    template_name = "workspace/widgets/checklist.html"

    def get_context(self, name, value, attrs):
        value = value or {}
        context = super().get_context(name, value, attrs)
        lacking = harm.unmitigated(value)
        context["widget"]["questions"] = [
            {
                "key": key,
                "label": label,
                "answers": [
                    (answer, text, value.get(key, {}).get("answer") == answer, harm.is_risk(key, answer))
                    for answer, text in harm.ANSWERS.items()
                ],
                "mitigation": value.get(key, {}).get("mitigation", ""),
                "is_lacking": key in lacking,
                "limit": harm.MAX_MITIGATION,
            }
            for key, label in harm.QUESTIONS.items()
        ]
        return context

    def value_from_datadict(self, data, files, name):
        return {
            key: {"answer": data.get(f"{name}-{key}", ""), "mitigation": data.get(f"{name}-{key}-mitigation", "")}
            for key in harm.QUESTIONS
        }


class ChecklistField(ContentField):
    widget = Checklist

    def clean(self, value):
        return value


class AttachedRows(Group):
    template_name = "workspace/widgets/attached.html"

    def get_context(self, name, value, attrs):
        context = super().get_context(name, value, attrs)
        records = self.records
        context["widget"] |= {
            "kind": name,
            "rows": [row | {"file": records[row["id"]].file} for row in value or () if row["id"] in records],
            "language": self.language,
            "direction": direction(self.language),
            "licences": Practice.Licence.choices,
            "languages": PracticeDocument._meta.get_field("language").choices,
        }
        return context

    def value_from_datadict(self, data, files, name):
        rows = []
        for key in data.getlist(f"{name}-id"):
            if not key.isascii() or not key.isdigit() or data.get(f"{name}-{key}-remove"):
                continue
            rows.append({"id": int(key)} | self.texts(data, f"{name}-{key}-"))
        return rows

    def texts(self, data, prefix):
        if self.kind == "documents":
            return {name: data.get(prefix + name, "") for name in ("title", "language")}
        row = {name: data.get(prefix + name, "") for name in ("alt_text", "caption", "credit", "licence")}
        return row | {"has_consent": bool(data.get(f"{prefix}has_consent"))}


class AttachedField(ContentField):
    """Texts of the pictures or documents that are there already; new ones come with `attach`."""

    TEXTS = {"images": ("alt_text", "caption"), "documents": ("title",)}
    MODELS = {"images": PracticeImage, "documents": PracticeDocument}

    def __init__(self, kind, language, practice, stored, **options):
        widget = AttachedRows()
        widget.kind, widget.language = kind, language
        self.kind, self.language = kind, language
        self.stored = {row["id"]: row for row in stored}
        widget.records = self.MODELS[kind].objects.filter(practice=practice).in_bulk(list(self.stored))
        super().__init__(widget=widget, **options)

    def prepare_value(self, value):
        return [
            row | {name: row.get(f"{name}_{self.language}", row.get(name, "")) for name in self.TEXTS[self.kind]}
            for row in value or ()
        ]

    def in_columns(self, row):
        """A typed row with its texts in the columns of the language."""
        return {f"{name}_{self.language}" if name in self.TEXTS[self.kind] else name: row[name] for name in row}

    def clean(self, value):
        # What is not in the content any more was taken out by somebody else meanwhile.
        return [self.stored[row["id"]] | self.in_columns(row) for row in value if row["id"] in self.stored]
