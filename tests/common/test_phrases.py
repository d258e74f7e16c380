import pytest
from django.utils import translation

from common.phrases import listed, listed_html


@pytest.mark.parametrize(("language", "expected"), [("en", "a, b"), ("ar", "a، b")])
def test_listed_has_the_comma_of_the_readers_language(language, expected):
    with translation.override(language):
        assert listed(["a", "b"]) == expected


def test_listed_html_escapes_the_entries():
    with translation.override("ar"):
        assert listed_html("<b>{}</b>", [("<",), ("b",)]) == "<b>&lt;</b>، <b>b</b>"
