import pytest

from tests.search.corpus import load_corpus, read, score

pytestmark = pytest.mark.django_db


def test_queries_are_many_and_in_every_language():
    languages = [language for language, _ in read("queries")]
    assert len(languages) >= 150
    assert min(languages.count(language) for language in ("ar", "en", "fr", "it", "ro", "sv")) >= 25


@pytest.mark.parametrize(("folder", "goal"), [("queries", 0.97), ("heldout", 0.9)])
def test_search_finds_what_a_reader_means(folder, goal, capsys):
    keys = load_corpus()
    share, report = score(folder, keys)
    with capsys.disabled():
        print(f"\n{report}")
    assert share >= goal, report
