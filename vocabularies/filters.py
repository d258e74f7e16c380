from django_filters.rest_framework import ChoiceFilter, FilterSet

from vocabularies.models import Term


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
