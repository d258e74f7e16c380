"""What services refuse, told in the forms of an event."""

from django.db import OperationalError
from django.utils.translation import gettext_lazy

from common import refusals
from events.models import Event

LOCKED = gettext_lazy("Somebody else is giving out places at this moment. Please try again.")


def attempt(form, verb):
    """As `common.refusals.attempt`, for columns of an event; also where somebody else is giving out places."""
    try:
        return refusals.attempt(form, verb, field_of=_field_of, label_of=_label)
    except OperationalError:
        form.add_error(None, LOCKED)
        return None


def _field_of(form, name):
    """The input that a column is typed into: itself, in the language of the record, or the day of a moment."""
    day = f"{name.removesuffix('_at').removesuffix('_until')}_date"
    told = f"{name}_{form.data.get('source_language', '')}"
    return next((candidate for candidate in (name, told, day) if candidate in form.fields), None)


def _label(name):
    names = {field.name: field.verbose_name for field in Event._meta.get_fields() if hasattr(field, "verbose_name")}
    return str(names.get(name, ""))
