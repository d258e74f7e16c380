from uuid import uuid4

import pytest
from django.conf import settings as configured


@pytest.fixture(autouse=True)
def own_limits(settings):
    """Each test counts by itself: all of them share one address and one store."""
    limits = configured.CACHES["limits"] | {"KEY_PREFIX": f"test-{uuid4()}"}
    settings.CACHES = configured.CACHES | {"limits": limits}
