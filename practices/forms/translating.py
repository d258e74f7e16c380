"""The translator's form: one input per field, in the language and direction of the translation."""

from django import forms
from django.conf import settings
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from common.fields import LineField
from common.forms import RichTextWidget
from common.languages import direction
from practices.comparing import label_of
from practices.content import TEXTS, digest
from practices.models import Practice, Translation
from practices.search.vectors import RICH_FIELDS

LONGEST = 100_000
"""Characters of one input; the text gate says what fits."""


class TranslationForm(forms.Form):
    """Inputs hold the draft or, where there is none, what readers have. `changes` are those that a person changed."""

    def __init__(self, practice: Practice, row: Translation, data=None):
        self.row = row
        self.shown = {
            name: row.draft.get(name, practice.text(name, row.language))
            for name in TEXTS
            if practice.text(name, practice.source_language) or practice.text(name, row.language) or name in row.draft
        }
        super().__init__(data, initial=self.shown)
        for name in self.shown:
            self.fields[name] = _input(name, row.language)

    def changes(self) -> dict[str, str]:
        """Texts that differ from what the page showed, told by the digest that it carried along."""
        found = {}
        for name in self.shown:
            text = self.data.get(name)
            if text is not None and digest(text := text.replace("\r\n", "\n")) != self.data.get(f"was-{name}"):
                found[name] = text
        return found

    def read(self) -> list[str]:
        """Machine drafts that a person ticked as read."""
        return [name for name in self.shown if self.data.get(f"read-{name}")]


def _input(name, language):
    model_field = Practice._meta.get_field(name)
    limit = model_field.limit
    attrs = {"lang": language, "dir": direction(language), "data-limit": limit}
    if name in RICH_FIELDS:
        widget = RichTextWidget(attrs)
    elif isinstance(model_field, LineField):
        widget = forms.TextInput(attrs)
    else:
        widget = forms.Textarea(attrs | {"rows": 5})
    at_most = ngettext("At most %(limit)s character.", "At most %(limit)s characters.", limit)
    return forms.CharField(
        label=capfirst(label_of(f"{name}_{language}")),
        widget=widget,
        required=False,
        strip=False,
        max_length=LONGEST,
        help_text=at_most % {"limit": limit},
    )


class ExchangeForm(forms.Form):
    """A file that comes back from an agency."""

    language = forms.ChoiceField(label=_("Translated into"))
    file = forms.FileField(label=_("XLIFF file, or a ZIP archive of several"), allow_empty_file=False)

    def __init__(self, languages, *args, **kwargs):
        super().__init__(*args, **kwargs)
        names = dict(settings.LANGUAGES)
        self.fields["language"].choices = [(code, names[code]) for code in languages]
