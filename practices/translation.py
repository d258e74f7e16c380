from django.db import models
from django.utils.translation import gettext_lazy as _
from modeltranslation.translator import TranslationOptions, register

from practices.models import Practice, PracticeDocument, PracticeImage, PracticeLink
from practices.models.practice import published_in_source_language


@register(Practice)
class PracticeTranslation(TranslationOptions):
    """No silent fallback: pages choose and label the language of every text themselves."""

    fields = [
        "title",
        "summary",
        "challenge",
        "description",
        "results",
        "lessons_learned",
        "what_did_not_work",
        "advice_keep",
        "advice_change",
        "gender_and_inclusion",
        "harm_statement",
    ]


Practice._meta.constraints.append(
    models.CheckConstraint(
        condition=published_in_source_language(),
        name="practice_published_in_source_language",
        violation_error_message=_("A published practice needs its core texts in the language it was written in."),
    )
)


@register(PracticeImage)
class PracticeImageTranslation(TranslationOptions):
    fields = ["alt_text", "caption"]


@register(PracticeDocument)
class PracticeDocumentTranslation(TranslationOptions):
    fields = ["title"]


@register(PracticeLink)
class PracticeLinkTranslation(TranslationOptions):
    fields = ["title"]
