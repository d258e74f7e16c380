import pytest
from django.template import Context, Template
from django.utils import translation

from common.templatetags.hub import first_sentence


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ""),
        ("One sentence. Another one.", "One sentence."),
        ("Founded on 1.5. by eight cities. More", "Founded on 1.5. by eight cities."),
        ("ما هذا؟ جواب.", "ما هذا؟"),
        ("No full stop", "No full stop"),
        ("one two three four five six seven eight. Nine.", "one two three four five …"),
    ],
)
def test_first_sentence_ends_at_its_stop_or_after_so_many_words(text, expected):
    assert first_sentence(text, 5 if "eight. Nine" in text else 12) == expected


@pytest.mark.parametrize("language", ["en", "fr", "ar", "sv"])
def test_a_key_above_a_thousand_stays_a_key(language):
    with translation.override(language):
        assert Template('<input value="{{ pk }}">').render(Context({"pk": 1339})) == '<input value="1339">'
