from celery import shared_task

from practices.search.indexing import refresh_frequencies


@shared_task
def refresh_lexicon():
    """Count the words anew, for suggestions and spelling."""
    refresh_frequencies()
