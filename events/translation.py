from modeltranslation.translator import TranslationOptions, register

from events.models import (
    BreakoutGroup,
    Event,
    EventDocument,
    EventSeries,
    Outcome,
    Recording,
    Room,
    Session,
    Speaker,
)


@register(Event)
class EventTranslation(TranslationOptions):
    """No silent fallback: pages choose and label the language of every text themselves."""

    fields = ["title", "summary", "description", "practical", "status_note"]


@register(EventSeries)
class EventSeriesTranslation(TranslationOptions):
    fields = ["title", "summary", "description"]


@register(Session)
class SessionTranslation(TranslationOptions):
    fields = ["title", "description"]


@register(Room)
class RoomTranslation(TranslationOptions):
    fields = ["name", "accessibility"]


@register(BreakoutGroup)
class BreakoutGroupTranslation(TranslationOptions):
    fields = ["title"]


@register(Speaker)
class SpeakerTranslation(TranslationOptions):
    fields = ["role"]


@register(EventDocument)
class EventDocumentTranslation(TranslationOptions):
    fields = ["title"]


@register(Recording)
class RecordingTranslation(TranslationOptions):
    fields = ["title"]


@register(Outcome)
class OutcomeTranslation(TranslationOptions):
    fields = ["title", "description"]
