"""Addresses of events and series in a language that need not be the reader's."""

from django.utils import translation

from common.languages import site_languages


def address_in(record, language) -> str:
    """Path of an event's or series' page for readers of a language."""
    with translation.override(language):
        return record.get_absolute_url()


def addresses(record) -> dict[str, str]:
    """{language: path} for every language of the site."""
    return {code: address_in(record, code) for code in site_languages()}
