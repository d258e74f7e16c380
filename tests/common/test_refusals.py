from django import forms
from django.core.exceptions import ValidationError

from common.refusals import attempt, tell


class Form(forms.Form):
    title = forms.CharField(required=False)
    begins_date = forms.DateField(required=False)


def bound():
    form = Form({})
    assert form.is_valid()
    return form


def refuse(error):
    raise error


def test_attempt_service_agrees_returns_what_it_returns():
    form = bound()

    assert attempt(form, lambda: "done") == "done"
    assert form.errors == {}


def test_attempt_service_refuses_tells_it_next_to_the_field_and_returns_none():
    form = bound()

    assert attempt(form, lambda: refuse(ValidationError({"title": "Too long.", "place": "Unknown."}))) is None
    assert form.errors == {"title": ["Too long."], "__all__": ["Unknown."]}


def test_tell_refusal_of_the_whole_stands_above_the_form_with_its_code():
    form = bound()

    tell(form, ValidationError("Somebody was quicker.", code="stale"), label_of=lambda name: "Label")

    assert form.errors == {"__all__": ["Somebody was quicker."]}
    assert form.has_error("__all__", code="stale")


def test_tell_columns_have_other_inputs_names_the_input_or_the_column():
    form = bound()
    error = ValidationError({"begins_at": "Long ago.", "place": ["Unknown.", "Far away."], "note": "Needed."})

    tell(
        form,
        error,
        field_of=lambda form, name: {"begins_at": "begins_date"}.get(name),
        label_of={"place": "Place"}.get,
    )

    assert form.errors == {"begins_date": ["Long ago."], "__all__": ["Place: Unknown.", "Place: Far away.", "Needed."]}
