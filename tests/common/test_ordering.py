import pytest

from common.ordering import sort_key


def ordered(words, language):
    return sorted(words, key=lambda word: sort_key(word, language))


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("sv", ["Zebra", "Åbo", "Ärlig", "Öppen"]),
        ("ro", ["apă", "ăla", "bine", "iarnă", "înainte", "sare", "școală", "tata", "țară"]),
        ("fr", ["coté", "côte", "école", "ecu", "zone"]),
        ("ar", ["أمان", "البلدية", "تعليم", "الحوار", "يوم"]),
        ("en", ["2 towns", "10 towns", "Åbo", "Zürich"]),
    ],
)
def test_sort_key_follows_the_readers_alphabet(language, words):
    assert ordered(reversed(words), language) == words


def test_sort_key_case_and_punctuation_decide_last():
    assert ordered(["b", "“A”", "a b", "a"], "en") == ["a", "“A”", "a b", "b"]


def test_sort_key_cedilla_sorts_as_comma():
    assert sort_key("şcoală", "ro") == sort_key("școală", "ro")
