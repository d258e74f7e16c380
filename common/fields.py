"""Model fields whose `clean` is the text gate, so that forms, admin and imports share it."""

from django.db import models

from common import text


class CleanTextField(models.TextField):
    """Base: cleans with `gate` and holds at most `limit` graphemes of `measured` text (None: no limit)."""

    gate = staticmethod(text.clean_plain)
    measured = staticmethod(lambda value: value)

    def __init__(self, *args, limit=None, **kwargs):
        self.limit = limit
        super().__init__(*args, **kwargs)

    def deconstruct(self):
        name, path, args, kwargs = super().deconstruct()
        if self.limit is not None:
            kwargs["limit"] = self.limit
        return name, path, args, kwargs

    def clean(self, value, model_instance):
        value = super().clean(self.gate(value) if value else value, model_instance)
        if value and self.limit:
            text.check_length(self.measured(value), self.limit)
        return value


class LineField(CleanTextField):
    """One line of plain text."""

    gate = staticmethod(text.clean_line)

    def formfield(self, **kwargs):
        from django import forms

        return super().formfield(**{"widget": forms.TextInput, **kwargs})


class PlainTextField(CleanTextField):
    """Plain text with paragraphs."""


class RichTextField(CleanTextField):
    """Sanitised HTML; the limit counts the words' characters, not the tags."""

    gate = staticmethod(text.clean_rich)
    measured = staticmethod(text.plain_from_rich)
