"""Tasks take ids, may run twice, and leave the work to services."""

import logging

from celery import shared_task

from practices.imports import jobs
from practices.machine_translation import draft_by_machine
from practices.search.indexing import CHUNK, refresh_frequencies, reindex
from practices.services import differing_from_index, practices_using, remind_of_reviews

logger = logging.getLogger(__name__)


@shared_task
def refresh_lexicon():
    """Count the words anew, for suggestions and spelling."""
    refresh_frequencies()


@shared_task
def check_import(job_id: int):
    jobs.run_check(job_id)


@shared_task
def store_import(job_id: int):
    jobs.run_store(job_id)


@shared_task
def reindex_where(kind: str, pk: int):
    """Bring the index of the practices that use a term, network or city in line with its present names."""
    reindex_practices(practices_using(kind, pk))


@shared_task
def reindex_practices(practice_ids: list[int]):
    for start in range(0, len(practice_ids), CHUNK):
        reindex(practice_ids[start : start + CHUNK])


@shared_task
def catch_up_index():
    """Index what the index has missed, such as a new name whose task was lost with the broker."""
    for practice_ids in differing_from_index():
        logger.warning("The index differed from the records of %s practices", len(practice_ids))
        reindex_practices(practice_ids)


@shared_task
def translate_by_machine(translation_id: int):
    draft_by_machine(translation_id)


@shared_task
def remind_of_due_reviews():
    logger.info("%s practices are due for review", remind_of_reviews())
