"""A translated text together with the language it is in, so that no fallback goes unlabelled."""

from dataclasses import dataclass

from common.languages import direction, fallback_chain


@dataclass(frozen=True, slots=True)
class LocalizedText:
    """`text` in `language`; `is_fallback` when the reader asked for another one. Empty text has language ""."""

    text: str
    language: str
    is_fallback: bool

    @property
    def direction(self):
        return direction(self.language)

    def __bool__(self):
        return bool(self.text)

    def __str__(self):
        return self.text


NOTHING = LocalizedText("", "", False)


def first_language(record, field, languages):
    """The first of the languages in which the record's field has a text, or ""."""
    return next((code for code in languages if getattr(record, f"{field}_{code}")), "")


def localized(record, field, reader, source):
    """The record's text for this reader: in the reader's language or the first of the fallback chain that has one."""
    chain = fallback_chain(reader, source)
    language = first_language(record, field, chain)
    if not language:
        return NOTHING
    return LocalizedText(getattr(record, f"{field}_{language}"), language, language != reader)


def proper_name(record, reader):
    """The `name` of a city, network or body for this reader: where it has none in his language, in English first."""
    return localized(record, "name", reader, "en").text
