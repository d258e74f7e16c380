"""What every test starts from."""

from uuid import uuid4

import pytest
from django.conf import settings
from django.utils import translation


@pytest.fixture(autouse=True, scope="session")
def _own_limits():
    """The store outlives a run, while the numbers of people begin anew."""
    settings.CACHES["limits"]["KEY_PREFIX"] = f"test-{uuid4()}"


@pytest.fixture(autouse=True)
def _in_english():
    """No test inherits the language that the request of another left behind."""
    translation.activate(settings.LANGUAGE_CODE)
