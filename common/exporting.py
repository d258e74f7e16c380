"""Admin lists that can be taken away as files: the filtered list from a page of its own, chosen rows by an action."""

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import PermissionDenied
from django.http import HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from common.spreadsheets import TooLongForCellError, download

KINDS = [
    ("csv", gettext_lazy("CSV, for any spreadsheet")),
    ("xlsx", gettext_lazy("XLSX, for Excel and LibreOffice")),
    ("json", gettext_lazy("JSON, for programs")),
]
XLSX_AT_MOST = 10_000
"""Rows of an XLSX file. It leaves only when it is whole, which for so many takes about twenty seconds."""

OF_A_PAGE = ("p", "all", "e", "_popup")


class KindForm(forms.Form):
    kind = forms.ChoiceField(label=gettext_lazy("Format"), choices=KINDS, initial="csv", widget=forms.RadioSelect)


class ExportAdmin:
    """Mixin before an admin class whose list may leave as a file. Whoever sees the list may export it, and no row more.

    `table(ids, actor)` makes the rows; the ids have gone through `get_queryset(request)`, so they are in the actor's
    scope. What was exported, by whom and how many rows, is in the log.
    """

    change_list_template = "admin/export_change_list.html"
    actions = ("export_chosen_csv", "export_chosen_xlsx", "export_chosen_json")
    export_explained = ""
    """What the page says about the file."""

    def table(self, ids, actor):
        raise NotImplementedError

    def get_urls(self):
        name = f"{self.opts.app_label}_{self.opts.model_name}_export"
        return [path("export/", self.admin_site.admin_view(self.export_view), name=name), *super().get_urls()]

    def export_view(self, request):
        """The rows that the list shows under the same address parameters: asked for by GET, fetched by POST."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        request.GET = request.GET.copy()
        for name in OF_A_PAGE:
            request.GET.pop(name, None)
        try:
            rows = self.get_changelist_instance(request).get_queryset(request)
        except IncorrectLookupParameters:
            return HttpResponseRedirect(f"{self._list_address()}?e=1")
        form = KindForm(request.POST if request.method == "POST" else None)
        if request.method == "POST" and form.is_valid():
            return self._export(request, rows, form.cleaned_data["kind"])
        query = request.GET.urlencode()
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": _("Export: %(name)s") % {"name": self.opts.verbose_name_plural},
            "form": form,
            "count": rows.count(),
            "explained": self.export_explained,
            "list_address": f"{self._list_address()}?{query}" if query else self._list_address(),
            "is_filtered": bool(query),
        }
        request.current_app = self.admin_site.name
        status = 422 if form.errors else 200
        return TemplateResponse(request, "admin/export.html", context, status=status)

    @admin.action(permissions=["view"], description=gettext_lazy("Export the chosen as CSV"))
    def export_chosen_csv(self, request, queryset):
        return self._export(request, queryset, "csv")

    @admin.action(permissions=["view"], description=gettext_lazy("Export the chosen as XLSX"))
    def export_chosen_xlsx(self, request, queryset):
        return self._export(request, queryset, "xlsx")

    @admin.action(permissions=["view"], description=gettext_lazy("Export the chosen as JSON"))
    def export_chosen_json(self, request, queryset):
        return self._export(request, queryset, "json")

    def _export(self, request, rows, kind):
        ids = list(dict.fromkeys(rows.values_list("pk", flat=True)))
        name = f"{self.opts.model_name}-{timezone.localdate()}"
        if kind == "xlsx" and len(ids) > XLSX_AT_MOST:
            text = _("XLSX files have at most %(most)s rows here. Choose CSV or JSON, or filter the list.")
            return self._refused(request, text % {"most": XLSX_AT_MOST})
        try:
            response = download(self.table(ids, request.user), kind, name)
        except TooLongForCellError:
            text = _("One of the texts is longer than a cell of XLSX can be. Choose CSV or JSON.")
            return self._refused(request, text)
        note_export(request.user, self.model, len(ids), kind)
        return response

    def _refused(self, request, text):
        self.message_user(request, text, messages.ERROR)
        return HttpResponseRedirect(request.get_full_path())

    def _list_address(self):
        return reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_changelist")


def note_export(actor, source, count, kind):
    """Log that rows left as a file: of a model's list, or of one record."""
    is_record = not isinstance(source, type)
    told = ngettext("%(count)s row exported as %(kind)s.", "%(count)s rows exported as %(kind)s.", count)
    LogEntry.objects.create(
        user=actor,
        content_type=ContentType.objects.get_for_model(source),
        object_id=source.pk if is_record else None,
        object_repr=str(source if is_record else source._meta.verbose_name_plural)[:200],
        action_flag=CHANGE,
        change_message=told % {"count": count, "kind": kind.upper()},
    )
