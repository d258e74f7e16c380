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
