"""The way of a file of practices: upload, look at what would come of it, store."""

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponseRedirect, JsonResponse
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from common.admin import CleanAdmin
from common.languages import current_language
from common.spreadsheets import Table, download
from practices.columns import known_columns
from practices.imports import jobs
from practices.imports.reading import KINDS
from practices.models import ImportJob

SHOWN_PROBLEMS = 200
SHOWN_BROKEN = 30
WAITS_AFTER = 10
"""Seconds after which the page says that no worker has taken the job up."""
STALLS_AFTER = 120
"""Seconds without progress after which the job may be handed to the workers again."""


class UploadForm(forms.ModelForm):
    file = forms.FileField(
        label=gettext_lazy("File"),
        widget=forms.ClearableFileInput(attrs={"accept": ",".join(KINDS)}),
        help_text=gettext_lazy(
            "CSV, XLSX or JSON, at most 50 MB. Nothing is stored before you have seen what is in it."
        ),
    )

    class Meta:
        model = ImportJob
        fields = ["file"]

    def clean_file(self):
        jobs.check_upload(self.cleaned_data["file"])
        return self.cleaned_data["file"]


@admin.register(ImportJob)
class ImportJobAdmin(CleanAdmin):
    form = UploadForm
    fields = ["file"]
    list_display = ["name", "state", "total", "added", "changed", "unchanged", "failed", "uploaded_by", "created_at"]
    list_filter = ["state"]
    add_form_template = "admin/practices/importjob/upload.html"
    actions = None

    # Who sees and does what

    def get_queryset(self, request):
        return super().get_queryset(request).visible_to(request.user).select_related("uploaded_by").defer("report")

    def has_module_permission(self, request):
        return jobs.may_import(request.user)

    def has_add_permission(self, request):
        return jobs.may_import(request.user)

    def has_view_permission(self, request, obj=None):
        return jobs.may_import(request.user)

    def has_change_permission(self, request, obj=None):
        return False

    def has_delete_permission(self, request, obj=None):
        return jobs.may_import(request.user) and (obj is None or not obj.is_under_way or self._has_stalled(obj))

    def delete_model(self, request, obj):
        jobs.remove(obj, actor=request.user)

    # Pages

    def get_urls(self):
        def page(route, view, name):
            return path(route, self.admin_site.admin_view(view), name=f"practices_importjob_{name}")

        return [
            page("template.csv", self.template_view, "template"),
            page("<int:pk>/status/", self.status_view, "status"),
            page("<int:pk>/encoding/", self.encoding_view, "encoding"),
            page("<int:pk>/store/", self.store_view, "store"),
            page("<int:pk>/again/", self.again_view, "again"),
            page("<int:pk>/problems.csv", self.problems_view, "problems"),
            *super().get_urls(),
        ]

    def save_model(self, request, obj, form, change):
        job = jobs.start(actor=request.user, upload=form.cleaned_data["file"], language=current_language())
        obj.pk, obj.name = job.pk, job.name

    def response_add(self, request, obj, post_url_continue=None):
        return self._to_job(obj)

    def change_view(self, request, object_id, form_url="", extra_context=None):
        job = self._job(request, object_id)
        report = job.report
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": job.name,
            "job": job,
            "progress": self._progress(job),
            "problems": report.get("problems", [])[:SHOWN_PROBLEMS],
            "noted_problems": len(report.get("problems", [])),
            "broken": report.get("broken", [])[:SHOWN_BROKEN],
            "sample": report.get("sample", []),
            "unknown_columns": report.get("unknown_columns", []),
            "read_as": report.get("encoding", ""),
            "is_decidable": job.state == ImportJob.State.CHECKED,
            "stored": len(job.practice_ids),
            "has_delete_permission": self.has_delete_permission(request, job),
        }
        request.current_app = self.admin_site.name
        return TemplateResponse(request, "admin/practices/importjob/job.html", context)

    def status_view(self, request, pk):
        return JsonResponse(self._progress(self._job(request, pk)))

    @method_decorator(require_POST)
    def encoding_view(self, request, pk):
        job, choice = self._job(request, pk), request.POST.get("choice")
        if choice in {ImportJob.Encoding.REPAIR, ImportJob.Encoding.KEEP}:
            jobs.decide_encoding(job, choice, actor=request.user)
        return self._to_job(job)

    @method_decorator(require_POST)
    def store_view(self, request, pk):
        job = self._job(request, pk)
        jobs.store_checked(job, actor=request.user)
        return self._to_job(job)

    @method_decorator(require_POST)
    def again_view(self, request, pk):
        job = self._job(request, pk)
        if job.state == ImportJob.State.FAILED or self._has_stalled(job):
            jobs.start_again(job, actor=request.user)
        return self._to_job(job)

    def template_view(self, request):
        if not jobs.may_import(request.user):
            raise PermissionDenied
        return download(Table(known_columns(), []), "csv", "practices")

    def problems_view(self, request, pk):
        job = self._job(request, pk)
        head = (_("line"), _("column"), _("reason"))
        return download(Table(head, job.report.get("problems", [])), "csv", f"problems-{job.pk}")

    # What they are made of

    def _job(self, request, pk):
        """A job of this person. That somebody else has one of this number is not told."""
        if not jobs.may_import(request.user):
            raise PermissionDenied
        number = str(pk)
        visible = ImportJob.objects.visible_to(request.user)
        job = visible.filter(pk=number).first() if number.isdecimal() and len(number) < 19 else None
        if job is None:
            raise Http404
        return job

    def _progress(self, job):
        """How far a job is, as numbers for the bar and as a sentence."""
        waits = job.is_under_way and not job.rows and self._seconds_since_progress(job) > WAITS_AFTER
        if waits:
            text = _("No worker has taken this up yet. It goes on by itself as soon as one is there.")
        elif job.is_under_way and job.total:
            text = _("%(rows)s of %(total)s rows") % {"rows": job.rows, "total": job.total}
        else:
            text = ""
        return {
            "state": job.state,
            "label": job.get_state_display(),
            "is_under_way": job.is_under_way,
            "has_stalled": job.is_under_way and self._has_stalled(job),
            "rows": job.rows,
            "total": job.total,
            "text": text,
        }

    def _to_job(self, job):
        return HttpResponseRedirect(reverse("admin:practices_importjob_change", args=[job.pk]))

    def _seconds_since_progress(self, job):
        return (timezone.now() - (job.progress_at or job.created_at)).total_seconds()

    def _has_stalled(self, job):
        return self._seconds_since_progress(job) > STALLS_AFTER
