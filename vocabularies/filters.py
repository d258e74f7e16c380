"""Filters of the vocabularies, and how any filter says what it did not understand."""

from django.core.exceptions import ValidationError
from django.forms import MultipleChoiceField
from django.http import QueryDict
from django_filters.rest_framework import ChoiceFilter, FilterSet, MultipleChoiceFilter

from vocabularies.models import Term


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


class TermFilter(FilterSet):
    deprecated = ChoiceFilter(
        choices=[("true", "only terms no longer used for new records"), ("false", "only terms in use")],
        method="filter_deprecated",
        help_text="Which terms; without it all.",
    )

    class Meta:
        model = Term
        fields = []

    def filter_deprecated(self, queryset, name, value: bool):
        return queryset.filter(deprecated=value == "true")
