"""What every test starts from."""

import pytest
from django.conf import settings
from django.utils import translation

# Argon2 is slow on purpose, and nearly every test makes people; that the portal uses it is tested by itself.
settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher", *settings.PASSWORD_HASHERS]


@pytest.fixture(autouse=True)
def _in_english():
    """No test inherits the language that the request of another left behind."""
    translation.activate(settings.LANGUAGE_CODE)


@pytest.fixture(autouse=True)
def _pages_of_subscribers(monkeypatch):
    """Mails lead to pages that are built on another branch; where those are there, nothing is replaced."""
    from django.urls import NoReverseMatch, reverse

    from newsletters import frames

    def found(name, args=()):
        try:
            return reverse(name, args=args)
        except NoReverseMatch:
            return "/".join(["", name.replace(":", "/"), *map(str, args), ""])

    monkeypatch.setattr(frames, "reverse", found)
