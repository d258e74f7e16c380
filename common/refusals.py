"""What services refuse, told in the form."""

from django.core.exceptions import NON_FIELD_ERRORS, ValidationError


def attempt(form, verb, **how):
    """Call a service; what it refuses becomes errors of the form, as `tell` puts them. None where it refused."""
    try:
        return verb()
    except ValidationError as error:
        tell(form, error, **how)
        return None


def tell(form, error, *, field_of=None, label_of=None):
    """Put what a service refused next to the fields it is about; what has no field stands above the form.

    `field_of(form, name)` is the input that a name is typed into, or None: by default the field of the same name. What
    stands above the form opens with `label_of(name)` where there is one.
    """
    for name, errors in _by_name(error).items():
        field = field_of(form, name) if field_of else name if name in form.fields else None
        if label := not field and name != NON_FIELD_ERRORS and label_of and label_of(name):
            errors = [f"{label}: {text}" for text in ValidationError(errors).messages]
        form.add_error(field, errors)


def _by_name(error):
    return error.error_dict if hasattr(error, "error_dict") else {NON_FIELD_ERRORS: error.error_list}
