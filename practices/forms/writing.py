"""One step of writing: its fields with what is stored, what was typed, and what somebody else wrote meanwhile."""

from collections import defaultdict

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Q
from django.forms.utils import ErrorDict
from django.urls import reverse
from django.utils.text import capfirst

from common.forms import RichTextWidget
from common.languages import current_language, fallback_chain
from common.text import plain_from_rich
from networks.models import Network
from networks.rules import roles_of
from practices.content import MANY, SINGLE, TEXTS, digest, moved_texts
from practices.forms import fields as f
from practices.forms.names import Cities, NotYet, Organisations
from practices.forms.steps import HELP, NEEDED, STEPS
from practices.models import Practice
from vocabularies.models import Term

CHOICES = ("source_language", "location_precision", "visibility", "licence")
COLUMNED = frozenset({"approaches", "beneficiaries", "delivered_by", "prerequisites", "funding_sources"})


class WritingForm(forms.Form):
    """The fields of a step of a revision, holding the stored values.

    `read` takes what was typed; afterwards `changes` has the content keys that differ from what the page had shown
    (`was-…`), and the fields in `kept` are shown as typed. Errors stand next to their fields.
    """

    def __init__(self, step, revision, actor, *, may_create=True):
        super().__init__()
        self.step, self.revision, self.actor = step, revision, actor
        self.content = revision.content
        self.language = self.content.get("source_language") or revision.practice.source_language
        self.may_create = may_create
        self.changes, self.kept, self.pending, self.conflicts, self.seen_of = {}, {}, [], {}, {}
        self._errors = ErrorDict()
        self.names = [name for name in STEPS[step][1] if self._is_asked(name)]
        terms = self._terms()
        for name in self.names:
            self.fields[name] = self._field(name, terms)
            self.initial[name] = self.content.get(self.column(name))

    def _is_asked(self, name):
        # The texts of a published practice, and its translations, stand on its language and its city.
        return not (name in ("source_language", "city") and self.revision.is_pending)

    def column(self, name):
        """The content key of a field."""
        return f"{name}_{self.language}" if name in TEXTS else name

    @staticmethod
    def label_of(name):
        return _label(name)

    def digest_of(self, name):
        return digest(self.content.get(self.column(name)))

    # Fields

    def _field(self, name, terms):
        help_text, _example = HELP.get(name, ("", ""))
        options = {"help_text": help_text}
        if name == "links":
            return f.LinksField(f"title_{self.language}", self.content.get(name) or (), label=_label(name), **options)
        if name in ("images", "documents"):
            rows = self.content.get(name) or ()
            return f.AttachedField(name, self.language, self.revision.practice, rows, label=_label(name), **options)
        options["label"] = _label(name)
        if name in TEXTS:
            return f.TextField(self.column(name), self.language, **options)
        if name == "harm_checklist":
            return f.ChecklistField(**options)
        if name in CHOICES:
            return f.ChoiceField(Practice._meta.get_field(name).flatchoices, **options)
        if name in ("starts_on", "ends_on"):
            return f.MonthField(**options)
        if name == "contact_email":
            return f.EmailField(**options)
        if name == "city":
            return f.NamedField(Cities(self.actor), reverse("workspace:cities"), **options)
        if name in ("lead_organisation", "partners"):
            return self._organisations(name, options)
        if name == "networks":
            return f.OptionsField(self._networks(), is_many=True, **options)
        if name == "themes":
            return f.ThemesField(terms[name], **options)
        if name in terms:
            columns = name in COLUMNED
            return f.OptionsField(terms[name], is_many=name in MANY, columns=columns, **options)
        return f.PlainField(name, **options)

    def _organisations(self, name, options):
        stored = self.content.get(name)
        chosen = stored if isinstance(stored, list) else [stored]
        register = Organisations(self.language, chosen, self.may_create)
        return f.NamedField(register, reverse("workspace:organisations"), is_many=name == "partners", **options)

    def _networks(self):
        city = self.content.get("city")
        of_city = Q(memberships__city=city, memberships__status="member") if city else Q(pk__in=[])
        kept = Q(pk__in=self.content.get("networks") or ()) | Q(pk__in=roles_of(self.actor).networks)
        return [
            f.Option(str(network.pk), str(network)) for network in Network.objects.filter(of_city | kept).distinct()
        ]

    def _terms(self):
        """{field: options} of the vocabularies of the step, in one query."""
        schemes = {}
        for name in self.names:
            if name == "themes" or (name in (*SINGLE, *MANY) and Practice._meta.get_field(name).related_model is Term):
                schemes[name] = Practice._meta.get_field(name).get_limit_choices_to()["scheme"]
        if not schemes:
            return {}
        used = {pk for name in schemes for pk in _ids(self.content.get(name))}
        offered = Term.objects.filter(Q(deprecated=False) | Q(pk__in=used), scheme__in=set(schemes.values()))
        chain = fallback_chain(current_language(), self.language)
        by_scheme = defaultdict(list)
        for term in offered:
            by_scheme[term.scheme].append(_option(term, chain))
        return {name: by_scheme[scheme] for name, scheme in schemes.items()}

    # Reading what was typed

    def read(self, data):
        """Take a QueryDict in which `was-<field>` says what the page had shown of each field it asks."""
        taken = set(data.getlist("take"))
        for name in self.names:
            if f"was-{name}" not in data or name in taken:
                continue
            self._read(name, data)
        old, new = self.language, self.changes.get("source_language")
        if new and new != old:
            self.changes = moved_texts(self.content, old, new) | self.changes
        return self

    def _read(self, name, data):
        field = self.fields[name]
        typed = field.widget.value_from_datadict(data, {}, name)
        try:
            value = field.clean(typed)
        except NotYet:
            self.pending.append(name)
            return
        except ValidationError as error:
            self.refuse(name, error, typed)
            return
        if digest(value) != data[f"was-{name}"]:
            self.changes[self.column(name)] = value
            self.kept[name] = typed
            later = data.get(f"seen-{name}", "")
            if later.isascii() and later.isdigit():
                self.seen_of[self.column(name)] = int(later[:9])

    def refuse(self, name, error, typed=None):
        """Say next to a field what is wrong with what was typed there."""
        if typed is not None:
            self.kept[name] = typed
        self._errors[name] = self.error_class(error.messages)

    # Showing

    def show(self, revision, conflicts=()):
        """A form with what is stored now, but typed values where they were refused or somebody else was quicker."""
        shown = WritingForm(self.step, revision, self.actor)
        for name in self.names:
            if name in self._errors or name in conflicts or name in self.pending:
                shown.initial[name] = self.kept.get(name, shown.initial.get(name))
        shown._errors = self._errors
        shown.conflicts = dict(conflicts)
        return shown

    def rows(self):
        """What the template shows of each field."""
        for name in self.names:
            bound = self[name]
            yield {
                "name": name,
                "bound": bound,
                "was": self.digest_of(name),
                "example": HELP.get(name, ("", ""))[1],
                "is_needed": name in NEEDED,
                "is_text": name in TEXTS,
                "conflict": self.conflicts.get(name),
                "comments": getattr(self, "comments", {}).get(name, ()),
            }

    def told(self, name, value):
        """A value of the content as people read it."""
        field = self.fields[name]
        if isinstance(field, f.NamedField):
            return field.prepare_value(value)
        if isinstance(field, f.OptionsField | f.ThemesField):
            labels = {option.key: option.label for option in field.widget.options}
            return ", ".join(labels.get(str(pk), "") for pk in _ids(value))
        if isinstance(field, f.ChoiceField):
            return str(field.choices.get(value, value))
        if isinstance(field, f.LinksField):
            return "\n".join(row["url"] for row in value or ())
        if isinstance(field, f.AttachedField):
            return "\n".join(row.get("alt_text") or row.get("title") or "" for row in field.prepare_value(value))
        if isinstance(field, f.ChecklistField):
            return "\n".join(
                f"{label} {f.harm.ANSWERS[value[key]['answer']]} {value[key]['mitigation']}"
                for key, label in f.harm.QUESTIONS.items()
                if value.get(key, {}).get("answer")
            )
        text = str(field.prepare_value(value) or "")
        return plain_from_rich(text) if isinstance(field.widget, RichTextWidget) else text

    def inputs(self, name, value):
        """[[input name, value], …] by which a page shows a value of the content in its own inputs."""
        field = self.fields[name]
        prepared = field.prepare_value(value)
        if isinstance(field, f.OptionsField | f.ThemesField):
            return [[name, str(pk)] for pk in prepared or ()]
        if isinstance(field, f.LinksField):
            return [
                pair for row in prepared for pair in ([f"{name}-url", row["url"]], [f"{name}-title", row["title"]])
            ]
        if isinstance(field, f.ChecklistField):
            pairs = []
            for key in f.harm.QUESTIONS:
                row = prepared.get(key, {})
                pairs.append([f"{name}-{key}", row.get("answer", "")])
                pairs.append([f"{name}-{key}-mitigation", row.get("mitigation", "")])
            return pairs
        if isinstance(field, f.AttachedField):
            return []
        return [[name, "" if prepared is None else str(prepared)]]


def _label(name):
    if name in ("links", "images", "documents"):
        return capfirst(Practice._meta.get_field(name).related_model._meta.verbose_name_plural)
    return capfirst(Practice._meta.get_field(name).verbose_name)


def _ids(value):
    return value if isinstance(value, list) else [value] if value else []


def _option(term, chain):
    def first(field):
        return next(filter(None, (getattr(term, f"{field}_{code}") for code in chain)), "")

    words = [getattr(term, f"{field}_{code}") or "" for field in ("label", "synonyms") for code in chain[:3]]
    return f.Option(str(term.pk), first("label") or term.code, first("definition"), " ".join(words).replace("\n", " "))
