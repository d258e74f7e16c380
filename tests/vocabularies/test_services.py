import pytest

from common.languages import site_languages
from practices.search.indexing import library_version
from vocabularies.models import Scheme, Term
from vocabularies.services import load_vocabularies

pytestmark = pytest.mark.django_db


@pytest.fixture
def folder(tmp_path):
    """Data files of all schemes: themes youth and education, elsewhere one term each."""
    for scheme in Scheme.values:
        (tmp_path / f"{scheme}.toml").write_text('[[term]]\ncode = "only"\n[term.label]\nen = "Only"\n')
    write(tmp_path, "youth", "education")
    return tmp_path


def write(folder, *codes, **labels):
    entries = (f'[[term]]\ncode = "{code}"\n[term.label]\nen = "{labels.get(code, code.title())}"\n' for code in codes)
    (folder / "theme.toml").write_text("\n".join(entries), encoding="utf-8")


def themes():
    return list(Term.objects.in_scheme(Scheme.THEME).values_list("code", "label_en", "deprecated"))


def test_load_vocabularies_of_the_repository_has_every_label_in_every_language():
    load_vocabularies()

    columns = [f"label_{code}" for code in site_languages()]
    unnamed = [row for row in Term.objects.values_list("scheme", "code", *columns) if not all(row)]
    assert unnamed == []
    assert set(Term.objects.values_list("scheme", flat=True)) == set(Scheme.values)


def test_load_vocabularies_twice_changes_nothing():
    first = load_vocabularies()
    before = (list(Term.objects.order_by("pk").values()), library_version())

    second = load_vocabularies()

    total = Term.objects.count()
    assert first == {"added": total, "changed": 0, "unchanged": 0, "deprecated": 0}
    assert second == {"added": 0, "changed": 0, "unchanged": total, "deprecated": 0}
    assert (list(Term.objects.order_by("pk").values()), library_version()) == before


def test_load_vocabularies_follows_the_files(folder):
    load_vocabularies(folder)
    write(folder, "education", "sport", education="Learning")

    outcome = load_vocabularies(folder)

    assert outcome["added"] == outcome["changed"] == outcome["deprecated"] == 1
    assert sorted(themes()) == [("education", "Learning", False), ("sport", "Sport", False), ("youth", "Youth", True)]


def test_load_vocabularies_takes_a_term_back_that_a_file_names_again(folder):
    load_vocabularies(folder)
    write(folder, "youth")
    load_vocabularies(folder)
    write(folder, "youth", "education")

    load_vocabularies(folder)

    assert themes() == [("youth", "Youth", False), ("education", "Education", False)]


def test_load_vocabularies_without_english_label_stores_nothing(folder):
    write(folder, "youth", youth="")

    with pytest.raises(ValueError, match="youth has no English label"):
        load_vocabularies(folder)

    assert not Term.objects.exists()
