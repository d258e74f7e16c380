import pytest

from common.encoding import broken_pieces, repaired


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("în ceea ce priveÈ™te distanÈ›area", "în ceea ce privește distanțarea"),
        ("părÈ›i interesate", "părți interesate"),
        ("IÅŸÄ±k", "Işık"),
        ("SkÃ¥ne och MalmÃ¶", "Skåne och Malmö"),
    ],
)
def test_repaired_text_decoded_twice_reads_as_meant(written, meant):
    assert repaired(written) == meant


def test_repaired_letter_that_looks_whole_follows_broken_neighbours():
    assert repaired("ÃŽmbunătățirea È™i") == "Îmbunătățirea și"


@pytest.mark.parametrize(
    "text",
    [
        "École à Malmö",
        "São Paulo",
        "Über naïve façade à la carte",
        "مدينة",
        "ÃŽ",
        "Île-de-France",
        "Kraków – Łódź",
        "",
    ],
)
def test_repaired_sound_text_is_left_alone(text):
    assert repaired(text) == text


def test_broken_pieces_shows_words_as_written_and_as_meant():
    assert broken_pieces("ce priveÈ™te părÈ›i") == [("priveÈ™te", "privește"), ("părÈ›i", "părți")]
