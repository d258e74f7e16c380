"""The practice form: the rules of publication, told next to the fields they are about."""

from collections import defaultdict
from copy import copy

from django import forms
from django.contrib.admin.widgets import RelatedFieldWidgetWrapper
from django.core.exceptions import ValidationError
from django.db.models import Q
from django.forms.models import BaseInlineFormSet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from common.fields import CleanTextField
from practices.comparing import label_of
from practices.models import Practice, PracticeTheme
from practices.rules import can_change
from practices.services import REQUIRED_LISTS, missing_for_publication
from vocabularies.models import Scheme, Term

NEEDED = gettext_lazy("Needed for publication.")
THEMES = REQUIRED_LISTS["themes"]


class PracticeForm(forms.ModelForm):
    """`actor` is set by the admin, on a class made for one request."""

    actor = None

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        fields = {name: field for name, field in self.fields.items() if getattr(field, "queryset", None) is not None}
        self._offer_terms({name: field for name, field in fields.items() if field.queryset.model is Term})

    def _offer_terms(self, fields):
        """Terms that are still offered, and those this practice has already; one query for all fields."""
        used = {value.pk for name in fields for value in _as_list(self.initial.get(name)) if isinstance(value, Term)}
        used |= {value for name in fields for value in _as_list(self.initial.get(name)) if isinstance(value, int)}
        offered = Q(deprecated=False) | Q(pk__in=used)
        terms = defaultdict(list)
        for term in Term.objects.filter(offered):
            terms[term.scheme].append((term.pk, str(term)))
        for name, field in fields.items():
            field.widget = _unwrapped(field.widget)
            scheme = Practice._meta.get_field(name).get_limit_choices_to()["scheme"]
            field.queryset = field.queryset.filter(offered)
            is_list = isinstance(field, forms.ModelMultipleChoiceField)
            field.choices = terms[scheme] if is_list else [("", "–"), *terms[scheme]]
            if is_list:
                field.widget.group_label = field.label

    def clean(self):
        cleaned = super().clean()
        for name, most in REQUIRED_LISTS.items():
            if most and len(cleaned.get(name) or ()) > most:
                self.add_error(name, _("At most %(most)s are possible.") % {"most": most})
        external_id = cleaned.get("external_id")
        same = Practice.objects.filter(external_source=cleaned.get("external_source", ""), external_id=external_id)
        if external_id and same.exclude(pk=self.instance.pk).exists():
            self.add_error("external_id", _("Another practice of this list has this id."))
        # Before the database's own conditions are asked, which could only say that something is missing: they leave
        # out what is named here.
        if cleaned.get("status") == Practice.Status.PUBLISHED:
            self._require_for_publication(self._as_typed(cleaned))
        return cleaned

    def _as_typed(self, cleaned):
        """The practice as the form has it, texts cleaned, for the rules to look at; it is not saved."""
        practice = copy(self.instance)
        for name, value in cleaned.items():
            field = Practice._meta.get_field(name)
            if not field.many_to_many:
                setattr(practice, name, field.gate(value) if value and isinstance(field, CleanTextField) else value)
        return practice

    def _require_for_publication(self, practice):
        if self.initial.get("status") != Practice.Status.PUBLISHED and not can_change(self.actor, practice):
            self.add_error("status", _("You may not publish this practice."))
        lists = {name: self.cleaned_data.get(name) or () for name in REQUIRED_LISTS}
        lists["themes"] = [None]  # of these their own rows tell
        for name in missing_for_publication(practice, lists):
            if name not in self.fields:
                self.add_error(None, _("Needed for publication: %(field)s.") % {"field": label_of(name)})
            elif name not in self.errors:
                self.add_error(name, NEEDED)


class ThemeForm(forms.ModelForm):
    class Meta:
        model = PracticeTheme
        fields = ["theme"]

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["theme"].required = False


class RankedThemeFormSet(BaseInlineFormSet):
    """Three rows, the most important first: a row's place is its rank, an empty row is left out."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        used = [ranked.theme_id for ranked in self.queryset]
        offered = Term.objects.in_scheme(Scheme.THEME).filter(Q(deprecated=False) | Q(pk__in=used))
        choices = [("", "–"), *((term.pk, str(term)) for term in offered)]
        for form in self.forms:
            form.fields["theme"].queryset = offered
            form.fields["theme"].choices = choices
            form.fields["theme"].widget = _unwrapped(form.fields["theme"].widget)

    def clean(self):
        super().clean()
        themes = self.chosen()
        if len(set(themes)) < len(themes):
            raise ValidationError(_("Choose each theme once."))
        if not themes and self.instance.status == Practice.Status.PUBLISHED:
            raise ValidationError(NEEDED)

    def validate_unique(self):
        """Ranks are not typed, and themes are compared above."""

    def chosen(self):
        return [form.cleaned_data["theme"] for form in self.forms if form.cleaned_data.get("theme")]

    def save_ranked(self):
        """Replace the stored themes: changed row by row, two that swap places would collide."""
        self.save(commit=False)  # for the lists that the history is written from
        self.changed_objects = [(ranked, names) for ranked, names in self.changed_objects if ranked.theme_id]
        PracticeTheme.objects.filter(practice=self.instance).delete()
        PracticeTheme.objects.bulk_create(
            PracticeTheme(practice=self.instance, theme=theme, rank=rank)
            for rank, theme in enumerate(self.chosen(), start=1)
        )


class SourceLanguageFormSet(BaseInlineFormSet):
    """Rows of a translated text (`told_by`) that is needed at least in the language the practice was written in."""

    told_by = ""

    def clean(self):
        super().clean()
        column = f"{self.told_by}_{self.instance.source_language}"
        for form in self.forms:
            is_left_out = self.can_delete and self._should_delete_form(form)
            if form.has_changed() and not is_left_out and column in form.fields and not form.cleaned_data.get(column):
                form.add_error(column, _("Needed in the language the practice is written in."))


class ImageFormSet(SourceLanguageFormSet):
    told_by = "alt_text"


class DocumentFormSet(SourceLanguageFormSet):
    told_by = "title"


def _unwrapped(widget):
    """Terms are chosen here, not added or changed."""
    return widget.widget if isinstance(widget, RelatedFieldWidgetWrapper) else widget


def _as_list(value):
    return value if isinstance(value, list) else [value]
