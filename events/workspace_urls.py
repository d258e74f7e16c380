"""Where coordinators run an event: rooms, check-in, minutes, certificates. All of it needs somebody who runs the event."""

from django.urls import path

from events.views import attending, certificates, drafting, feedback, videologs

app_name = "event_desk"

urlpatterns = [
    path("<int:pk>/check-in/", attending.check_in_list, name="check-in"),
    path("<int:pk>/check-in/<int:session>/", attending.check_in_list, name="check-in-session"),
    path("<int:pk>/attendance/", videologs.attendance, name="attendance"),
    path("<int:pk>/attendance/store/", videologs.store_attendance, name="attendance-store"),
    path("<int:pk>/certificates/", certificates.certificates, name="certificates"),
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
