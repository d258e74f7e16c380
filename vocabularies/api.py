"""The vocabularies for other systems."""

from django.http import Http404
from rest_framework import serializers
from rest_framework.response import Response

from common.api import (
    LabelledSerializer,
    LocalizedSerializer,
    PublicListView,
    PublicView,
    api_address,
    documented,
    localized_record,
    texts_field,
    texts_record,
)
from common.languages import site_languages
from common.localized import localized
from vocabularies.filters import TermFilter
from vocabularies.models import Scheme, Term


class TermSerializer(LabelledSerializer):
    labels = texts_field()
    definition = LocalizedSerializer(allow_null=True)
    alignment = serializers.CharField(help_text="Address of the same concept elsewhere, or empty.")
    deprecated = serializers.BooleanField(help_text="No longer used for new records.")


class VocabularySerializer(serializers.Serializer):
    scheme = serializers.CharField()
    label = serializers.CharField()
    api_url = serializers.URLField()
    terms = TermSerializer(many=True)


def term_record(term, reader):
    return {
        "code": term.code,
        "label": localized(term, "label", reader, "en").text or term.code,
        "labels": texts_record(term, "label"),
        "definition": localized_record(localized(term, "definition", reader, "en")),
        "alignment": term.alignment,
        "deprecated": term.deprecated,
    }


def vocabulary_records(schemes, terms, reader):
    """Records of these schemes with those of the terms that are theirs; one statement."""
    by_scheme = {scheme: [] for scheme in schemes}
    for term in terms.filter(scheme__in=schemes).order_by("order", "code"):
        by_scheme[term.scheme].append(term_record(term, reader))
    return [
        {
            "scheme": scheme,
            "label": str(Scheme(scheme).label),
            "api_url": api_address("vocabulary", scheme),
            "terms": records,
        }
        for scheme, records in by_scheme.items()
    ]


class VocabularyMixin:
    queryset = Term.objects.all()
    filterset_class = TermFilter

    def get_queryset(self):
        return Term.objects.only(
            "scheme",
            "code",
            "alignment",
            "order",
            "deprecated",
            *(f"{name}_{code}" for name in ("label", "definition") for code in site_languages()),
        )


class VocabularyList(VocabularyMixin, PublicListView):
    @documented(VocabularySerializer(many=True), summary="All vocabularies with their terms")
    def get(self, request):
        schemes = Scheme.values[self.paginator.slice]
        return self.answer(vocabulary_records(schemes, self.filterset.qs, self.reader), len(Scheme.values))


class VocabularyDetail(VocabularyMixin, PublicView):
    lookup_field = lookup_url_kwarg = "scheme"

    @documented(VocabularySerializer, summary="One vocabulary")
    def get(self, request, scheme):
        if scheme not in Scheme.values:
            raise Http404
        return Response(vocabulary_records([scheme], self.get_queryset(), self.reader)[0])
