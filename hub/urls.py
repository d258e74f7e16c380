"""Public addresses. They are stable: other systems link to them."""

from django.conf.urls.i18n import i18n_patterns
from django.contrib import admin
from django.contrib.sitemaps.views import index as sitemap_index
from django.contrib.sitemaps.views import sitemap
from django.urls import include, path, re_path

from accounts.views import admin_login, admin_password_change
from events.views import document as event_document
from hub import views
from hub.sitemaps import SITEMAPS
from newsletters.views.files import picture as newsletter_picture
from practices.views import attachment

urlpatterns = [
    path("", views.choose_language, name="root"),
    path("healthz", views.healthz, name="healthz"),
    path("readyz", views.readyz, name="readyz"),
    path("robots.txt", views.robots, name="robots"),
    path("sitemap.xml", sitemap_index, {"sitemaps": SITEMAPS, "sitemap_url_name": "sitemap"}, name="sitemap-index"),
    path("sitemap-<section>.xml", sitemap, {"sitemaps": SITEMAPS}, name="sitemap"),
    path("i18n/", include("django.conf.urls.i18n")),
    # The admin's own login knows neither the limits nor second factors.
    path("admin/login/", admin_login),
    path("admin/password_change/", admin_password_change),
    path("admin/", admin.site.urls),
    path("api/v1/", include("hub.api")),
    # Whether a file may be seen depends on its practice, so the web server in front asks here.
    re_path(r"^media/(?P<path>practices/.+)$", attachment, name="attachment"),
    re_path(r"^media/(?P<path>events/documents/.+)$", event_document, name="event-document"),
    re_path(r"^media/(?P<path>newsletters/.+)$", newsletter_picture, name="newsletter-picture"),
    path("newsletter/", include("newsletters.plain_urls")),
    *i18n_patterns(
        path("", views.home, name="home"),
        path("search/", views.search, name="search"),
        path("accounts/", include("accounts.urls")),
        path("practices/", include("practices.urls")),
        path("workspace/", include("practices.workspace_urls")),
        path("workspace/events/", include("events.workspace_urls")),
        path("events/", include("events.urls")),
        path("newsletter/", include("newsletters.urls")),
        path("", include("hub.network_urls")),
    ),
]

handler400 = "hub.views.bad_request"
handler403 = "hub.views.forbidden"
handler404 = "hub.views.not_found"
handler429 = "hub.views.too_many_requests"
handler500 = "hub.views.server_error"
