import pytest

from practices import services
from practices.comparing import Names, differences, word_pieces
from practices.content import read_content
from practices.models import PracticeVersion
from tests.factories import make_practice, make_term
from vocabularies.models import Scheme


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("", "", []),
        ("a red house", "a blue house", [("same", "a"), ("del", "red"), ("ins", "blue"), ("same", "house")]),
        ("one", "one two", [("same", "one"), ("ins", "two")]),
        ("one\ntwo", "one\nthree", [("same", "one\n"), ("del", "two"), ("ins", "three")]),
        ("بيت أحمر كبير", "بيت أزرق كبير", [("same", "بيت"), ("del", "أحمر"), ("ins", "أزرق"), ("same", "كبير")]),
    ],
)
def test_word_pieces_of_any_script(before, after, expected):
    assert [(piece.kind, piece.text) for piece in word_pieces(before, after)] == expected


@pytest.mark.django_db
def test_differences_name_terms_and_words_in_every_language():
    old, new = make_term(Scheme.THEME, "youth", label_en="Youth"), make_term(Scheme.THEME, "sport", label_en="Sport")
    before = read_content(make_practice(language="sv", themes=[old]))
    after = before | {"themes": [old.pk, new.pk], "title_ar": "بيت", "challenge_sv": before["challenge_sv"] + " ny"}
    found = differences(before, after, Names(before, after))
    assert [(one.name, one.language) for one in found] == [
        ("title_ar", "ar"),
        ("challenge_sv", "sv"),
        ("themes", ""),
    ]
    assert [(piece.kind, piece.text) for piece in found[0].pieces] == [("ins", "بيت")]
    assert (found[2].removed, found[2].added, found[2].kept) == ([], ["Sport"], ["Youth"])


@pytest.mark.django_db
def test_differences_of_formatting_alone_are_said():
    before = read_content(make_practice(language="sv")) | {"results_sv": "<p>one two</p>"}
    after = before | {"results_sv": "<p>one <strong>two</strong></p>"}
    [found] = differences(before, after, Names())
    assert ([piece.kind for piece in found.pieces], found.note) == (["same"], "Only the formatting or a link changed.")


@pytest.mark.django_db
@pytest.mark.parametrize(("with_internal", "expected"), [(False, []), (True, ["harm_checklist"])])
def test_differences_hide_internal_answers(with_internal, expected):
    before = read_content(make_practice())
    after = before | {"harm_checklist": {"minors": {"answer": "yes", "mitigation": "Blurred."}}}
    found = differences(before, after, Names(), with_internal=with_internal)
    assert [one.name for one in found] == expected


@pytest.mark.django_db
def test_versions_of_many_practices_take_constant_statements(django_assert_num_queries):
    ids = [make_practice(index=False).pk for _ in range(4)]
    with django_assert_num_queries(14):
        services.keep_versions(ids[:1], "imported", actor=None)
    with django_assert_num_queries(14):
        services.keep_versions(ids[1:], "imported", actor=None)
    services.keep_versions(ids, "imported", actor=None)
    assert sorted(PracticeVersion.objects.values_list("practice", "number")) == [(pk, 1) for pk in ids]
