"""Practices for other systems: the library's answers as data."""

from django.utils.translation import gettext as _
from rest_framework import serializers
from rest_framework.response import Response

from common.api import (
    LabelledSerializer,
    LocalizedSerializer,
    NamedSerializer,
    PublicListView,
    PublicView,
    as_on_the_page,
    documented,
    only,
    texts_field,
)
from common.text import clean_line
from networks.api import PlaceSerializer
from practices.documents import practice_record, practice_records
from practices.documents.record import DETAIL_TERMS
from practices.filters import LONGEST_TEXT, PracticeFilter
from practices.models import Practice
from practices.models.practice import MANY_TERMS
from practices.search.catalogue import catalogue
from practices.search.indexing import library_version
from practices.search.library import Hit, library_page
from practices.search.request import LibraryRequest
from practices.search.vectors import TEXT_FIELDS


class CommonSerializer(serializers.Serializer):
    """What lists and details tell alike."""

    id = serializers.IntegerField()
    external_id = serializers.CharField()
    source_language = serializers.CharField()
    languages = serializers.ListField(child=serializers.CharField(), help_text="In which it exists; the source first.")
    url = serializers.URLField(help_text="Its page in the reader's language.")
    api_url = serializers.URLField()
    title = LocalizedSerializer()
    summary = LocalizedSerializer()
    city = PlaceSerializer(allow_null=True, help_text="Null where the place is not told; the country is.")
    country = LabelledSerializer(allow_null=True)
    networks = NamedSerializer(many=True)
    themes = LabelledSerializer(many=True, help_text="What it is mostly about comes first.")
    evidence = LabelledSerializer(allow_null=True)
    published_at = serializers.DateTimeField()
    confirmed_on = serializers.DateField(allow_null=True)
    updated_at = serializers.DateTimeField()


class PracticeSerializer(CommonSerializer):
    found_in = serializers.CharField(
        allow_null=True, help_text="The language in which the text of `q` was found; null without `q`."
    )


class ImageSerializer(serializers.Serializer):
    url = serializers.URLField()
    width = serializers.IntegerField(allow_null=True)
    height = serializers.IntegerField(allow_null=True)
    alt_text = texts_field()
    caption = texts_field()
    credit = serializers.CharField()
    licence = serializers.CharField()


class DocumentSerializer(serializers.Serializer):
    url = serializers.URLField()
    language = serializers.CharField()
    title = texts_field()


class LinkSerializer(serializers.Serializer):
    url = serializers.URLField()
    title = texts_field()


class AttachmentsSerializer(serializers.Serializer):
    images = ImageSerializer(many=True)
    documents = DocumentSerializer(many=True)
    links = LinkSerializer(many=True)


class LicenceSerializer(LabelledSerializer):
    url = serializers.URLField()


class OtherPracticeSerializer(serializers.Serializer):
    id = serializers.IntegerField()
    url = serializers.URLField()
    api_url = serializers.URLField()
    title = LocalizedSerializer()


class AdaptationSerializer(serializers.Serializer):
    """One city took over what another had done; the city it comes from has confirmed it."""

    city = PlaceSerializer(allow_null=True, help_text="The city at the other end; null where its place is not told.")
    practice = OtherPracticeSerializer(
        allow_null=True, help_text="The practice at the other end; null where the city has not described its own here."
    )
    kept = LocalizedSerializer(help_text="In the language of the city that adapted it, which wrote it.")
    changed = LocalizedSerializer()
    result = LocalizedSerializer(allow_null=True)
    confirmed_at = serializers.DateTimeField()


PracticeTextsSerializer = type(
    "PracticeTextsSerializer",
    (serializers.Serializer,),
    {"__doc__": "Each text in every language there is. Longer ones are sanitised HTML."}
    | {name: texts_field() for name in TEXT_FIELDS},
)


class PracticeDetailSerializer(CommonSerializer):
    lead_organisation = serializers.CharField(allow_null=True)
    partners = serializers.ListField(child=serializers.CharField())
    starts_on = serializers.CharField(allow_null=True, help_text="Year and month, such as 2026-03.")
    ends_on = serializers.CharField(allow_null=True)
    budget_amount = serializers.DecimalField(max_digits=12, decimal_places=2, allow_null=True)
    budget_currency = serializers.CharField(allow_null=True)
    staff_fte = serializers.DecimalField(max_digits=6, decimal_places=2, allow_null=True)
    texts = PracticeTextsSerializer()
    attachments = AttachmentsSerializer()
    adapted_from = AdaptationSerializer(many=True, help_text="Public practices of other cities that this one adapts.")
    adapted_by = AdaptationSerializer(many=True, help_text="What other cities made of it.")
    assurance = LabelledSerializer()
    licence = LicenceSerializer()
    version = serializers.IntegerField()
    citation = serializers.CharField()
    pdf_url = serializers.URLField()

    def get_fields(self):
        fields = super().get_fields()
        fields |= {name: LabelledSerializer(allow_null=True) for name in DETAIL_TERMS}
        return fields | {name: LabelledSerializer(many=True) for name in MANY_TERMS}


class PracticeList(PublicListView):
    queryset = Practice.objects.none()
    """Only for the schema: the list comes from the index, and single records by `external_id` from the filter."""

    filterset_class = PracticeFilter

    def filter_problems(self, params):
        self.values = catalogue(self.reader, library_version()[1])
        self.asked = LibraryRequest.parse(as_on_the_page(params, PARAMETER), self.values)
        for name, value in self.asked.unknown:
            if name != "page":
                yield PARAMETER.get(name, name), value, _("Unknown value.")
        if len(clean_line(params.get("q", ""))) > LONGEST_TEXT:
            yield "q", params["q"], _("At most %(limit)s characters.") % {"limit": LONGEST_TEXT}
        if params.get("q") and params.get("external_id"):
            yield "external_id", params["external_id"], _("Cannot be combined with “q”.")

    @documented(
        PracticeSerializer(many=True),
        summary="Practices of the library, found and filtered as on its page",
        description="The same parameters, order and totals as the library's page. Where the page ignores a value it"
        " does not know, this answers 400 and names it.",
    )
    def get(self, request):
        external_id = request.query_params.get("external_id")
        if external_id:
            return self._identified(external_id)
        page = library_page(self.asked, self.reader, page_size=self.paginator.size)
        return self.answer(practice_records(page.hits, self.values), page.total)

    def _identified(self, external_id):
        """Usually one record; one for each list in which something has this id."""
        found = list(
            PracticeFilter(self.request.query_params, Practice.objects.public()).qs.values_list("pk", flat=True)
        )
        hits = tuple(Hit(pk) for pk in found[self.paginator.slice])
        return self.answer(practice_records(hits, self.values), len(found))


PARAMETER = {"language": "available_in"}
"""The API's name of a parameter where the page's is taken."""


class PracticeDetail(PublicView):
    queryset = Practice.objects.none()

    @documented(PracticeDetailSerializer, summary="One practice with its texts in every language")
    def get(self, request, pk):
        public = Practice.objects.public().select_related("city", "lead_organisation")
        return Response(practice_record(only(public.filter(pk=pk))))
