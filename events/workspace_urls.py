"""Where coordinators run an event: rooms, check-in, minutes, certificates. All of it needs somebody who runs the event.

The first page is for everybody with an account: the own events.
"""

from django.urls import path

from events import views
from events.views import (
    attending,
    certificates,
    cohosting,
    drafting,
    feedback,
    following_up,
    minutes,
    planning,
    videologs,
)

app_name = "event_desk"

urlpatterns = [
    path("", views.mine, name="mine"),
    path("calendars/<int:pk>/", views.my_calendar, name="calendar"),
    path("actions/", following_up.actions, name="actions"),
    path("actions/<int:pk>/done/", following_up.action_done, name="action-done"),
    path("co-hosting/<int:pk>/", cohosting.cohosting, name="cohosting"),
    path("co-hosting/<int:pk>/answer/", cohosting.answer_cohosting, name="cohosting-answer"),
    path("<int:pk>/rooms/", planning.planner, name="planner"),
    path("<int:pk>/rooms/<int:session>/", planning.planner, name="planner-session"),
    path("<int:pk>/rooms/<int:session>/fill/", planning.fill, name="planner-fill"),
    path("<int:pk>/rooms/<int:session>/clear/", planning.clear, name="planner-clear"),
    path("<int:pk>/rooms/<int:session>/move/", planning.move, name="planner-move"),
    path("<int:pk>/rooms/<int:session>/<slug:tool>.csv", planning.rooms_csv, name="planner-csv"),
    path("<int:pk>/minutes/", minutes.minutes, name="minutes"),
    path("<int:pk>/minutes/compare/", minutes.compare, name="minutes-compare"),
    path("<int:pk>/minutes/insert-notes/", minutes.insert, name="minutes-insert"),
    path("<int:pk>/notes/<int:group>/", minutes.notes, name="notes"),
    path("<int:pk>/notes/<int:group>/compare/", minutes.compare, name="notes-compare"),
    path("<int:pk>/notes/<int:group>/send-link/", minutes.send_link, name="notes-link-send"),
    path("<int:pk>/notes/<int:group>/links/<int:link>/withdraw/", minutes.withdraw_link, name="notes-link-withdraw"),
    path("<int:pk>/follow-up/", following_up.follow_up, name="follow-up"),
    path("<int:pk>/follow-up/<slug:kind>/", following_up.add, name="follow-up-add"),
    path("<int:pk>/follow-up/<slug:kind>/<int:record>/", following_up.change, name="follow-up-change"),
    path("<int:pk>/follow-up/<slug:kind>/<int:record>/delete/", following_up.delete, name="follow-up-delete"),
    path("<int:pk>/report.pdf", minutes.report, name="report"),
    path("<int:pk>/check-in/", attending.check_in_list, name="check-in"),
    path("<int:pk>/check-in/<int:session>/", attending.check_in_list, name="check-in-session"),
    path("<int:pk>/attendance/", videologs.attendance, name="attendance"),
    path("<int:pk>/attendance/store/", videologs.store_attendance, name="attendance-store"),
    path("<int:pk>/certificates/", certificates.certificates, name="certificates"),
    path("<int:pk>/certificates/progress/", certificates.issuing_progress, name="certificates-progress"),
    path("<int:pk>/certificates/issue/", certificates.issue_certificates, name="certificates-issue"),
    path("<int:pk>/certificates/<int:certificate>.pdf", certificates.certificate_file, name="certificate-file"),
    path(
        "<int:pk>/certificates/<int:certificate>/revoke/", certificates.revoke_certificate, name="certificate-revoke"
    ),
    path("<int:pk>/feedback/", feedback.feedback_results, name="feedback"),
    path("<int:pk>/feedback/ask/", feedback.ask_for_feedback, name="feedback-ask"),
    path("<int:pk>/feedback.csv", feedback.feedback_export, name="feedback-export"),
    path("<int:pk>/practices/", drafting.shown_practices, name="practices"),
    path("<int:pk>/practices/<int:shown>/draft/", drafting.draft, name="draft-practice"),
]
