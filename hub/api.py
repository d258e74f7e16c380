"""The addresses of the read-only API, its schema and its documentation page."""

from django.urls import path
from django.views.decorators.http import require_safe
from django.views.generic import TemplateView
from drf_spectacular.views import SpectacularAPIView

from common.api import for_its_reader
from events.api import EventDetail, EventList
from events.conditional import unless_the_same
from networks.api import CityDetail, CityList, NetworkDetail, NetworkList
from practices.api import PracticeDetail, PracticeList
from practices.conditional import unless_unchanged
from vocabularies.api import VocabularyDetail, VocabularyList

app_name = "api"


def public(view_class):
    return for_its_reader(unless_unchanged(view_class.as_view()))


def of_the_hour(view_class):
    """As `public`, for what depends on the hour and on seats."""
    return for_its_reader(unless_the_same(view_class.as_view()))


urlpatterns = [
    path("events/", of_the_hour(EventList), name="events"),
    path("events/<int:pk>/", of_the_hour(EventDetail), name="event"),
    path("practices/", public(PracticeList), name="practices"),
    path("practices/<int:pk>/", public(PracticeDetail), name="practice"),
    path("cities/", public(CityList), name="cities"),
    path("cities/<slug:slug>/", public(CityDetail), name="city"),
    path("networks/", public(NetworkList), name="networks"),
    path("networks/<slug:slug>/", public(NetworkDetail), name="network"),
    path("vocabularies/", public(VocabularyList), name="vocabularies"),
    path("vocabularies/<slug:scheme>/", public(VocabularyDetail), name="vocabulary"),
    path("schema/", SpectacularAPIView.as_view(authentication_classes=()), name="schema"),
    path("docs/", require_safe(TemplateView.as_view(template_name="hub/api_docs.html")), name="docs"),
]
