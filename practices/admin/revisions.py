"""Revisions as coordinators list them; they are judged and decided at the review desk."""

from django.contrib import admin
from django.http import HttpResponseRedirect
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from common.admin import CleanAdmin, ReadOnlyMixin
from common.languages import in_all_languages
from common.waiting import days_since
from networks.scoped_admin import ScopedAdmin
from practices.models import Practice, Revision

CONTENT = ("content", "base", "changed_at_save")


@admin.register(Revision)
class RevisionAdmin(ReadOnlyMixin, ScopedAdmin, CleanAdmin):
    list_display = ["practice_title", "city", "stage", "days", "author", "weight", "updated_at"]
    list_filter = ["stage", ("practice__networks", admin.RelatedOnlyFieldListFilter), "practice__source_language"]
    search_fields = in_all_languages("practice__title")
    ordering = ["-stage_since"]
    list_display_links = None
    list_per_page = 50
    show_full_result_count = False

    def scope(self, user):
        return Revision.objects.filter(practice__in=Practice.objects.decided_by(user).order_by().values("pk"))

    def get_queryset(self, request):
        return super().get_queryset(request).select_related("practice__city", "author").defer(*CONTENT)

    def change_view(self, request, object_id, *args, **kwargs):
        """There is one page for a revision: that of the review desk."""
        if self.get_object(request, object_id) is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)
        return HttpResponseRedirect(reverse("workspace:review", args=[object_id]))

    @admin.display(description=_("practice"))
    def practice_title(self, revision):
        address = reverse("workspace:review", args=[revision.pk])
        return format_html('<a href="{}"><bdi>{}</bdi></a>', address, revision.practice)

    @admin.display(description=_("city"), ordering="practice__city__name_en")
    def city(self, revision):
        return revision.practice.city

    @admin.display(description=_("days in this stage"), ordering="-stage_since")
    def days(self, revision):
        return days_since(revision.stage_since)
