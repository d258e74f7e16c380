"""Public addresses of events. They are stable: other systems link to them."""

from django.urls import path

from events import views
from events.views import attending, certificates, feedback

app_name = "events"

urlpatterns = [
    path("<int:pk>-<str:slug>/", views.detail, name="detail"),
    path("registration/<uuid:uid>/<str:token>/confirm/", views.confirm, name="confirm"),
    path("registration/<uuid:uid>/<str:token>/", views.manage, name="manage"),
    path("registration/<uuid:uid>/<str:token>/code/", attending.registration_code, name="registration-code"),
    path(
        "registration/<uuid:uid>/<str:token>/certificate/",
        certificates.registration_certificate,
        name="registration-certificate",
    ),
    path(
        "registration/<uuid:uid>/<str:token>/certificate.pdf",
        certificates.registration_certificate_file,
        name="registration-certificate-file",
    ),
    path("check-in/<uuid:uid>/<str:token>/", attending.check_in_by_code, name="check-in"),
    path("certificates/<str:code>/", certificates.certificate_check, name="certificate-check"),
    path("feedback/<uuid:uid>/<str:token>/", feedback.feedback, name="feedback"),
]
