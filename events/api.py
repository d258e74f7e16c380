"""Events for other systems: the list and page of an event as data."""

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
from events.cards import cards_of
from events.filters import EventFilter
from events.listing import PARAMETER, EventRequest
from events.models import Event, Session
from events.models.programme import EventPractice
from events.presentation import read_event, with_programme
from events.records import TEXTS, card_record, event_record
from events.rules import CLOSED_REASONS
from events.standings import BEST_FIRST
from networks.api import PlaceSerializer
from practices.search.catalogue import catalogue
from practices.search.indexing import library_version

STATES = [state for state in Event.Status.values if state != Event.Status.DRAFT]
REGISTRATION = [*BEST_FIRST, *(reason for reason in CLOSED_REASONS if reason != "draft")]


class SeriesSerializer(serializers.Serializer):
    id = serializers.IntegerField()
    url = serializers.URLField()
    title = LocalizedSerializer(allow_null=True)


class EventSerializer(serializers.Serializer):
    id = serializers.IntegerField()
    uid = serializers.UUIDField(help_text="The name of the event in calendars (RFC 5545 UID); it never changes.")
    source_language = serializers.CharField()
    languages = serializers.ListField(
        child=serializers.CharField(), help_text="In which it is told; the source first."
    )
    url = serializers.URLField(help_text="Its page in the reader's language.")
    api_url = serializers.URLField()
    title = LocalizedSerializer(allow_null=True)
    summary = LocalizedSerializer(allow_null=True)
    state = serializers.ChoiceField(STATES, help_text="`postponed` has no date yet; `cancelled` keeps its page.")
    starts_at = serializers.DateTimeField(allow_null=True, help_text="With the offset of the clock of its place.")
    ends_at = serializers.DateTimeField(allow_null=True)
    time_zone = serializers.CharField(help_text="IANA name of the zone of its place.")
    previous_starts_at = serializers.DateTimeField(
        allow_null=True, help_text="When it was to begin before it was moved or postponed."
    )
    is_moved_online = serializers.BooleanField()
    mode = serializers.ChoiceField(Event.Mode.values)
    venue = serializers.CharField()
    city = PlaceSerializer(allow_null=True)
    country = LabelledSerializer(allow_null=True)
    series = SeriesSerializer(allow_null=True)
    working_languages = serializers.ListField(child=serializers.CharField())
    interpretation = serializers.ListField(child=serializers.CharField())
    registration = serializers.ChoiceField(
        REGISTRATION,
        help_text="`open`, `few` places, `waiting-list`, `full`; or why nobody can register: `postponed`, `cancelled`,"
        " `over`, `none` (not here), `early`, `late`.",
    )
    updated_at = serializers.DateTimeField()
    networks = NamedSerializer(many=True, help_text="That host it.")
    themes = LabelledSerializer(many=True)


class SpeakerSerializer(serializers.Serializer):
    name = serializers.CharField()
    role = LocalizedSerializer(allow_null=True)


class GroupSerializer(serializers.Serializer):
    title = LocalizedSerializer(allow_null=True)
    language = serializers.CharField(allow_null=True)


class SessionSerializer(serializers.Serializer):
    kind = serializers.ChoiceField(Session.Kind.values)
    starts_at = serializers.DateTimeField()
    ends_at = serializers.DateTimeField()
    title = texts_field()
    description = texts_field()
    room = LocalizedSerializer(allow_null=True)
    language = serializers.CharField(allow_null=True)
    moderator = SpeakerSerializer(allow_null=True)
    rapporteur = SpeakerSerializer(allow_null=True)
    speakers = SpeakerSerializer(many=True)
    groups = GroupSerializer(many=True, help_text="Of a session in break-out rooms.")


class PaperSerializer(serializers.Serializer):
    url = serializers.URLField()
    language = serializers.CharField()
    title = LocalizedSerializer(allow_null=True)


class ShownPracticeSerializer(serializers.Serializer):
    title = serializers.CharField()
    api_url = serializers.URLField(allow_null=True, help_text="Null where the practice is not in the library yet.")
    city = serializers.CharField(allow_null=True)
    role = serializers.ChoiceField(EventPractice.Role.values)


class OutcomeSerializer(serializers.Serializer):
    title = texts_field()
    description = texts_field()
    url = serializers.CharField()


EventTextsSerializer = type(
    "EventTextsSerializer",
    (serializers.Serializer,),
    {"__doc__": "Each text in every language there is. The description is sanitised HTML; `notice` tells of a change."}
    | {name: texts_field() for name in (*TEXTS, "notice")},
)


class EventDetailSerializer(EventSerializer):
    format = LabelledSerializer(allow_null=True)
    address = serializers.CharField()
    texts = EventTextsSerializer()
    agenda = SessionSerializer(many=True)
    documents = PaperSerializer(many=True, help_text="Those that are for everybody.")
    recordings = PaperSerializer(many=True)
    practices = ShownPracticeSerializer(many=True)
    decisions = serializers.ListField(child=serializers.CharField(), help_text="Told once the hosts have reported.")
    outcomes = OutcomeSerializer(many=True)


class EventList(PublicListView):
    queryset = Event.objects.none()
    filterset_class = EventFilter

    def get_queryset(self):
        return Event.objects.public()

    def filter_problems(self, params):
        yield from super().filter_problems(params)
        self.values = catalogue(self.reader, library_version()[1])
        for name, value in EventRequest.parse(as_on_the_page(params, PARAMETER), self.values).unknown:
            if name not in ("page", "when"):
                yield PARAMETER.get(name, name), value, _("Unknown value.")

    def records(self, ids):
        return [card_record(card) for card in cards_of(list(ids.values_list("pk", flat=True)), self.values)]

    @documented(
        EventSerializer(many=True),
        summary="Events, found and filtered as on their page",
        description="The same parameters, order and totals as the list of events. Where the page ignores a value it"
        " does not know, this answers 400 and names it.",
    )
    def get(self, request):
        return self.answer_page()


class EventDetail(PublicView):
    queryset = Event.objects.none()

    @documented(EventDetailSerializer, summary="One event with its agenda and what remains of it")
    def get(self, request, pk):
        event = only(with_programme(Event.objects.public()).filter(pk=pk))
        return Response(event_record(read_event(event, self.reader)))
