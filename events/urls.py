"""Public addresses of events. They are stable: other systems link to them."""

from django.urls import path, re_path

from events import views
from events.views import attending, certificates, feedback, nominated, noting, own_data, polling
from events.views.report import report

app_name = "events"

PARTICIPANT = "registration/<uuid:uid>/<str:token>/"
"""Below it a participant, who has the mailed link, acts without an account."""

urlpatterns = [
    path("", views.event_list, name="list"),
    re_path(r"^month/(?P<year>[0-9]{4})-(?P<month>[0-9]{2})/$", views.month, name="month"),
    re_path(r"^series/(?P<pk>[1-9][0-9]{0,8})(?:-(?P<slug>[^/]{0,200}))?/$", views.series, name="series"),
    re_path(r"^(?P<pk>[1-9][0-9]{0,8})(?:-(?P<slug>[^/]{0,200}))?/$", views.detail, name="detail"),
    path("<int:pk>-<str:slug>/report.pdf", report, name="report"),
    re_path(r"^(?P<pk>[1-9][0-9]{0,8})-(?P<slug>[^/]{0,200})\.ics$", views.event_file, name="ics"),
    path("calendar.ics", views.calendar, name="calendar"),
    path("calendar/<uuid:uid>/<str:token>.ics", views.personal, name="my-calendar"),
    path("<int:pk>-<str:slug>/register/", views.register, name="register"),
    path("<int:pk>-<str:slug>/register/sent/", views.register_sent, name="register-sent"),
    path(PARTICIPANT, views.manage, name="manage"),
    path(PARTICIPANT + "confirm/", views.confirm, name="confirm"),
    path(PARTICIPANT + "withdraw/", views.withdraw, name="registration-withdraw"),
    path(PARTICIPANT + "accept/<int:pool>/", views.accept, name="registration-accept"),
    path(PARTICIPANT + "decline/<int:pool>/", views.decline, name="registration-decline"),
    path(PARTICIPANT + "mode/", views.change_mode, name="registration-mode"),
    path(PARTICIPANT + "sessions/", views.choose_sessions, name="registration-sessions"),
    path(PARTICIPANT + "details/", views.change_details, name="registration-details"),
    path(PARTICIPANT + "wishes/", views.choose_wishes, name="registration-wishes"),
    path(PARTICIPANT + "calendar/", views.make_calendar, name="registration-calendar"),
    path(PARTICIPANT + "data/", own_data.own_data, name="registration-data"),
    path(PARTICIPANT + "data/file/", own_data.own_data_file, name="registration-data-file"),
    path(PARTICIPANT + "data/mail/", own_data.mail_own_data, name="registration-data-mail"),
    path(PARTICIPANT + "data/erase/", own_data.erase_own_data, name="registration-data-erase"),
    path(PARTICIPANT + "calendar/new/", views.new_calendar, name="registration-calendar-new"),
    path(PARTICIPANT + "poll/", polling.poll, name="poll"),
    path(PARTICIPANT + "reconfirm/", polling.reconfirm, name="reconfirm"),
    path(PARTICIPANT + "code/", attending.registration_code, name="registration-code"),
    path(PARTICIPANT + "certificate/", certificates.registration_certificate, name="registration-certificate"),
    path(
        PARTICIPANT + "certificate.pdf",
        certificates.registration_certificate_file,
        name="registration-certificate-file",
    ),
    path("nomination/<uuid:uid>/<str:token>/", nominated.nominated, name="nominated"),
    path("nomination/<uuid:uid>/<str:token>/register/", nominated.nominated_register, name="nominated-register"),
    path("nomination/<uuid:uid>/<str:token>/sent/", nominated.nominated_sent, name="nominated-sent"),
    path("check-in/<uuid:uid>/<str:token>/", attending.check_in_by_code, name="check-in"),
    path("certificates/<str:code>/", certificates.certificate_check, name="certificate-check"),
    path("feedback/<uuid:uid>/<str:token>/", feedback.feedback, name="feedback"),
    path("notes/<uuid:uid>/<str:token>/", noting.group_notes, name="group-notes"),
]
