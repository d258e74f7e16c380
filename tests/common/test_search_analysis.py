import pytest

from common.search.analysis import compound_parts, spans, tokens, word_forms
from common.search.folding import fold
from common.search.parsing import Clause, clause_query, parse_query


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("ÖREBRO", "orebro"),
        ("Şcoală", "scoala"),
        ("Școală", "scoala"),
        ("Straße", "strasse"),
        ("Æbeltoft", "aebeltoft"),
        ("مَدْرَسَة", "مدرسه"),
        ("إسلام", "اسلام"),
        ("٢٠٢٤", "2024"),
        ("ﬁn", "fin"),
    ],
)
def test_fold_letter_variants_become_one(text, folded):
    assert fold(text) == folded


@pytest.mark.parametrize(
    ("language", "one", "other"),
    [
        ("sv", "kommunernas", "kommun"),
        ("sv", "städer", "stad"),
        ("sv", "böckerna", "bok"),
        ("ro", "orașelor", "oraș"),
        ("ro", "şcolile", "școală"),
        ("it", "giovani", "giovane"),
        ("fr", "travaux", "travail"),
        ("en", "children", "child"),
        ("ar", "والمدارس", "مدرسة"),
        ("ar", "أطفال", "طفل"),
        ("ar", "المدن", "مدينة"),
        ("ar", "للشباب", "شاب"),
    ],
)
def test_word_forms_of_one_word_meet(language, one, other):
    assert word_forms(one, language) & word_forms(other, language)


@pytest.mark.parametrize(
    ("language", "one", "other"),
    [("sv", "kommun", "skola"), ("ar", "مدرسة", "بلدية"), ("en", "police", "policy"), ("it", "casa", "cassa")],
)
def test_word_forms_of_different_words_stay_apart(language, one, other):
    assert not word_forms(one, language) & word_forms(other, language)


def test_compound_parts_of_a_known_compound():
    assert compound_parts("integrationsarbete", "sv") == ("integrations", "arbete")


def test_compound_parts_of_an_inflected_word_are_none():
    assert compound_parts("kommunernas", "sv") == ()


def test_tokens_elided_article_carries_nothing():
    french = tokens("l’école d'aujourd’hui", "fr")
    assert [(token.surface, bool(token.forms)) for token in french][:2] == [("l", False), ("école", True)]


def test_tokens_hyphenated_word_is_found_joined():
    assert "antirumours" in tokens("anti-rumours", "en")[1].forms


@pytest.mark.parametrize("text", ["l’école anti-rumeurs", "a - b", "مُدُن و'قرى", "e\u0301cole-x", ""])
def test_tokens_and_spans_number_alike(text):
    assert [(token.start, token.end) for token in tokens(text, "fr")] == list(spans(text))


def test_parse_query_operators_of_any_country():
    parsed = parse_query('skola -polis „în oraș” «la ville» -"two words"')
    assert parsed.wanted == (Clause("skola"), Clause("în oraș", True), Clause("la ville", True))
    assert parsed.unwanted == (Clause("polis"), Clause("two words", True))


@pytest.mark.parametrize("typed", ['"', "-", '""', "- -", "'", "\\", "   ", '-"', "“”"])
def test_parse_query_of_nothing_but_signs_is_empty(typed):
    assert not parse_query(typed).wanted or clause_query(parse_query(typed).wanted[0], "en") == ""


def test_clause_query_stop_words_alone_ask_for_nothing():
    assert clause_query(Clause("the"), "en") == ""
