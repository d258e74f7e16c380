"""Translations keep up with practices: called by every door that changes what a published practice says."""

from collections.abc import Iterable

from django.db import transaction

from common.languages import in_all_languages, site_languages
from practices.content import TEXTS
from practices.models import Practice, Translation
from practices.translating import NEEDED, Stage, follow

FOLLOWED = (
    "source_language",
    "confirmed",
    "weights",
    "state",
    "is_outdated",
    "words_missing",
    "words_changed",
)
"""Columns that follow from the practice; what translators did stays."""


@transaction.atomic(savepoint=False)
def follow_sources(practices: Iterable[Practice], before: dict[str, str] | None = None, weight: str = "") -> None:
    """Bring the translations of practices in line with their texts; to be called in the transaction that changed them.

    Two statements for any number. `before` (source texts) and `weight` tell of one practice whose revision is
    published. Practices that were never published have no translations to keep.
    """
    practices = {practice.pk: practice for practice in practices if practice.published_at}
    rows = Translation.objects.select_for_update().filter(practice__in=practices).order_by("pk")
    found = {(row.practice_id, row.language): row for row in rows}
    # What became the language the practice is written in is no translation any more.
    strays = [row.pk for row in found.values() if row.language == practices[row.practice_id].source_language]
    if strays:
        Translation.objects.filter(pk__in=strays).delete()
    kept = []
    for practice in practices.values():
        for language in site_languages():
            if language != practice.source_language:
                row = found.get((practice.pk, language)) or new_translation(practice, language)
                follow(row, practice, before, weight)
                kept.append(row)
    Translation.objects.bulk_create(
        kept, update_conflicts=True, unique_fields=["practice", "language"], update_fields=list(FOLLOWED)
    )


def new_translation(practice, language):
    exists = all(practice.text(name, language) for name in NEEDED)
    return Translation(
        practice=practice,
        language=language,
        source_language=practice.source_language,
        stage=Stage.CONFIRMED if exists else Stage.IN_TRANSLATION,
    )


def recount_translations(chunk: int = 200) -> int:
    """Compute all states anew, as after a language was added; returns how many practices were looked at."""
    ids = list(Practice.objects.filter(published_at__isnull=False).order_by("pk").values_list("pk", flat=True))
    for start in range(0, len(ids), chunk):
        with transaction.atomic():
            follow_sources(_with_texts(ids[start : start + chunk]).select_for_update())
    return len(ids)


def _with_texts(ids):
    needed = ["source_language", "published_at", *in_all_languages(*TEXTS)]
    return Practice.objects.filter(pk__in=ids).rewrite(False).only(*needed)
