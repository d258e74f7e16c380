"""A worker's part: ask the service, keep the drafts, or note why there are none."""

import logging

from practices.machine_translation.base import MachineTranslationError
from practices.machine_translation.providers import provider
from practices.models import Translation
from practices.search.vectors import RICH_FIELDS
from practices.services import note_machine_problem, store_machine_draft, wanted_from_machine

logger = logging.getLogger(__name__)


def draft_by_machine(translation_id: int) -> None:
    """Fill the fields that lack in a language; those that have a text or a draft are not sent. Safe to run twice."""
    row = Translation.objects.select_related("practice").filter(pk=translation_id).first()
    service = provider()
    if row is None or service is None or not row.practice.is_public:
        return
    sources = wanted_from_machine(row)
    texts = {}
    try:
        for is_html in (False, True):
            names = [name for name in sources if (name in RICH_FIELDS) == is_html]
            if names:
                made = service.translate(
                    [sources[name] for name in names],
                    source=row.practice.source_language,
                    target=row.language,
                    is_html=is_html,
                )
                texts |= dict(zip(names, made, strict=True))
    except MachineTranslationError as error:
        logger.warning("No machine draft of practice %s in %s: %s", row.practice_id, row.language, error)
        note_machine_problem(row.pk, error.problem)
        return
    store_machine_draft(row, texts, sources)
