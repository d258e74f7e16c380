import pytest

from newsletters.composing import KEY


@pytest.fixture(autouse=True)
def _one_address_of_preferences(monkeypatch):
    """The same in every language and for ever, for the mails that are kept to compare with."""
    monkeypatch.setattr(
        "newsletters.digests.press.preferences_address", lambda language: f"https://hub.example/{language}/mine/{KEY}/"
    )
