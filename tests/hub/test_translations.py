"""Every string a reader can see exists in every language, with the same placeholders."""

import re

import polib
import pytest
from django.conf import settings

LANGUAGES = [code for code, _ in settings.LANGUAGES if code != "en"]
PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|%[sd]|\{\w*\}")


def catalogue(language):
    return polib.pofile(str(settings.BASE_DIR / "locale" / language / "LC_MESSAGES" / "django.po"))


@pytest.mark.parametrize("language", LANGUAGES)
def test_translations_none_is_missing_or_fuzzy(language):
    assert [entry.msgid for entry in catalogue(language) if not entry.obsolete and not entry.translated()] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_translations_keep_their_placeholders(language):
    broken = []
    for entry in catalogue(language):
        wanted = set(PLACEHOLDER.findall(entry.msgid)) | set(PLACEHOLDER.findall(entry.msgid_plural))
        for text in [entry.msgstr, *entry.msgstr_plural.values()]:
            if text and set(PLACEHOLDER.findall(text)) - wanted:
                broken.append((entry.msgid, text))
        if not entry.msgid_plural and set(PLACEHOLDER.findall(entry.msgstr)) != wanted:
            broken.append((entry.msgid, entry.msgstr))
    assert broken == []


def test_translations_cover_the_same_strings():
    keys = {
        language: {(entry.msgctxt, entry.msgid) for entry in catalogue(language) if not entry.obsolete}
        for language in LANGUAGES
    }
    assert all(keys[language] == keys["fr"] for language in LANGUAGES)


def test_translations_arabic_no_preposition_is_left_hanging():
    dangling = re.compile(r"\bبـ(?:%\(|\s|$)")
    assert [entry.msgid for entry in catalogue("ar") if dangling.search(entry.msgstr)] == []


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    ("text", "contexts"), [("changed", {"consent", "date", "event step", "rows"}), ("label", {"assurance", "term"})]
)
def test_translations_one_word_for_two_things_says_which(language, text, contexts):
    entries = [entry for entry in catalogue(language) if entry.msgid == text]

    assert {entry.msgctxt for entry in entries} == contexts
    assert len({entry.msgstr for entry in entries}) == len(contexts)
