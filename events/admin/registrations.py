from django.contrib import admin
from django.utils.translation import gettext_lazy

from common.admin import CleanAdmin, ReadOnlyMixin
from common.exporting import ExportAdmin
from events.exports import registration_table
from events.models import Event, Registration, RegistrationStep
from networks.scoped_admin import ScopedAdmin, ScopedInline


class StepInline(ReadOnlyMixin, ScopedInline, admin.TabularInline):
    model = RegistrationStep
    fields = ["at", "from_state", "to_state", "note", "actor"]
    readonly_fields = fields
    extra = 0

    def get_queryset(self, request):
        return super().get_queryset(request).select_related("actor")


@admin.register(Registration)
class RegistrationAdmin(ReadOnlyMixin, ScopedAdmin, ExportAdmin, CleanAdmin):
    """All registrations, to find and to export; decided on on the page of the event. Needs are not shown here."""

    inlines = [StepInline]
    list_display = ["__str__", "email", "event", "state", "mode", "city", "organisation", "created_at"]
    list_filter = ["state", "mode", ("event", admin.RelatedOnlyFieldListFilter)]
    list_select_related = ["event", "city"]
    search_fields = ["name", "email", "organisation"]
    ordering = ["-created_at", "-pk"]
    list_per_page = 50
    show_full_result_count = False
    fields = [
        *("event", "name", "email", "city", "organisation", "stakeholder", "language", "mode", "state"),
        *("online_meanwhile", "wanted_sessions", "is_listed", "message", "created_at"),
    ]
    readonly_fields = fields
    export_explained = gettext_lazy(
        "The file has names and addresses, so keep it well and delete it after the event. What participants need is in "
        "the totals on the page of the event, without names."
    )

    def lookup_allowed(self, lookup, value, request=None):
        """By what the page offers alone: a filter in the address must not find out who needs what."""
        return lookup.split("__")[0] in {"state", "mode", "event"} and super().lookup_allowed(lookup, value, request)

    def scope(self, user):
        return Registration.objects.filter(event__in=Event.objects.editable_by(user))

    def table(self, ids, actor):
        return registration_table(ids)
