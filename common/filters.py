"""What the filters of all apps share: how they say what they did not understand, and keys that are data."""

from django.core.exceptions import ValidationError
from django.forms import MultipleChoiceField
from django.http import QueryDict
from django_filters.rest_framework import FilterSet, MultipleChoiceFilter


def filter_problems(filterset: FilterSet):
    """Yield (parameter, value, message) for every value that a filter refuses."""
    form = filterset.form
    given: QueryDict = filterset.data
    for name in form.errors:
        field = form.fields[name]
        is_multiple = isinstance(filterset.filters[name], MultipleChoiceFilter)
        for value in given.getlist(name):
            try:
                field.clean([value] if is_multiple else value)
            except ValidationError as error:
                yield name, value, error.messages[0]


class KeysField(MultipleChoiceField):
    """Takes any key: what there is to choose from is data, and whoever uses the filter has looked it up."""

    def valid_value(self, value):
        return True


class KeysFilter(MultipleChoiceFilter):
    """A repeatable parameter, several values meaning "any of them". Needs a `method`."""

    field_class = KeysField
