"""The language a text seems to be written in; a proposal, never a decision."""

from functools import cache

from common.languages import site_languages

ENOUGH_LETTERS = 12


@cache
def _identifier(languages):
    # The model takes a while to load and most processes never need it.
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    identifier = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    identifier.set_languages(list(languages))
    return identifier


def guessed_language(text: str) -> str:
    """The most likely of the site's languages, "" where there is too little text to tell."""
    if sum(char.isalpha() for char in text) < ENOUGH_LETTERS:
        return ""
    return _identifier(site_languages()).classify(text[:2000])[0]
