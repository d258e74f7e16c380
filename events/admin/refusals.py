"""What services refuse, told in the form."""

from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db import OperationalError
from django.utils.translation import gettext_lazy

from events.models import Event

LOCKED = gettext_lazy("Somebody else is giving out places at this moment. Please try again.")


def attempt(form, verb):
    """Call a service; what it refuses becomes errors of the form, next to the field where the form has it."""
    try:
        return verb()
    except ValidationError as error:
        errors = error.error_dict if hasattr(error, "error_dict") else {NON_FIELD_ERRORS: error.error_list}
        for name, texts in errors.items():
            field = _field_of(form, name)
            label = "" if field or name == NON_FIELD_ERRORS else _label(name)
            for text in ValidationError(texts).messages:
                form.add_error(field, f"{label}: {text}" if label else text)
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
