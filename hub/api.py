"""The addresses of the read-only API, its schema and its documentation page."""

from django.urls import path
from django.views.decorators.http import require_safe
from django.views.generic import TemplateView
from drf_spectacular.views import SpectacularAPIView

from common.api import for_its_reader
from networks.api import CityDetail, CityList, NetworkDetail, NetworkList
from practices.api import PracticeDetail, PracticeList
from practices.conditional import unless_unchanged
from vocabularies.api import VocabularyDetail, VocabularyList

app_name = "api"


def public(view_class):
    return for_its_reader(unless_unchanged(view_class.as_view()))


urlpatterns = [
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
