"""What every test starts from."""

import pytest
from django.conf import settings
from django.utils import translation


@pytest.fixture(autouse=True)
def _in_english():
    """No test inherits the language that the request of another left behind."""
    translation.activate(settings.LANGUAGE_CODE)
