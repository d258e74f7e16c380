"""The public pages of events."""
import pytest
from tests.events.factories import make_event
pytestmark = pytest.mark.django_db

def test_smoke(client):
    e = make_event()
    for p in ["/en/events/", e.get_absolute_url(), "/ar/events/", "/en/events/month/2027-06/", "/en/", "/api/v1/events/", f"/api/v1/events/{e.pk}/", "/sitemap-events.xml", e.networks.first().get_absolute_url()]:
        r = client.get(p, follow=True)
        assert r.status_code == 200, p
