from django.contrib import admin, messages
from django.contrib.admin.views.main import ChangeList
from django.db import transaction
from django.db.models import Count, Q
from django.http import HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from common.admin import ChoicesWidget, PlainChoicesMixin, TranslatedAdmin, translated_names
from common.languages import in_all_languages
from common.phrases import listed
from events.admin.cohosting import CoHostPage
from events.admin.deciding import DuplicateForm
from events.admin.forms import EventForm, SeriesForm
from events.admin.pages import EventPages
from events.admin.polling import PollPage
from events.admin.refusals import attempt
from events.models import Event, EventSeries, Registration
from events.rules import runs_series
from events.services import duplicating
from events.showing import when_in_words
from networks.rules import editable_networks, roles_of
from networks.scoped_admin import ScopedAdmin

UNLISTED_TEXTS = [name for name in translated_names(Event) if name != "title"]


class HostedAdmin(PlainChoicesMixin, ScopedAdmin, TranslatedAdmin):
    """Records that networks host: kept by the coordinators of each host."""

    coordinators_may = frozenset({"view", "add", "change", "delete"})
    language_follows = "source_language"

    def get_form(self, request, obj=None, **kwargs):
        form = super().get_form(request, obj, **kwargs)
        form.actor = request.user
        return form

    def get_changeform_initial_data(self, request):
        initial = super().get_changeform_initial_data(request)
        own = list(editable_networks(request.user)[:2])
        if len(own) == 1:
            initial.setdefault("networks", own)
        return {"source_language": request.LANGUAGE_CODE} | initial

    def formfield_for_manytomany(self, db_field, request, **kwargs):
        if "scheme" in db_field.get_limit_choices_to():
            kwargs["widget"] = ChoicesWidget()
        field = super().formfield_for_manytomany(db_field, request, **kwargs)
        if field:
            field.widget.group_label = field.label
        return field

    @admin.display(description=gettext_lazy("networks"))
    def network_names(self, record):
        return listed(record.networks.all())


class EventChangeList(ChangeList):
    """Leads to the overview of an event, not to its form."""

    def get_queryset(self, *args, **kwargs):
        unlisted = [*UNLISTED_TEXTS, *in_all_languages(*UNLISTED_TEXTS)]
        taking_part = Count("registrations", filter=Q(registrations__state__in=Registration.WITH_PLACE))
        queryset = super().get_queryset(*args, **kwargs).select_related("city").prefetch_related("networks")
        return queryset.rewrite(False).defer(*unlisted).annotate(people=taking_part)

    def url_for_result(self, result):
        if self.is_popup:
            return super().url_for_result(result)
        return reverse("admin:events_event_overview", args=[result.pk])


@admin.register(Event)
class EventAdmin(CoHostPage, EventPages, PollPage, HostedAdmin):
    form = EventForm
    change_form_template = "admin/events/event/change_form.html"
    list_display = ["__str__", "status", "when", "mode", "city", "network_names", "people"]
    list_filter = [
        "status",
        "mode",
        ("series", admin.RelatedOnlyFieldListFilter),
        ("networks", admin.RelatedOnlyFieldListFilter),
        "visibility",
    ]
    search_fields = [*in_all_languages("title"), "venue"]
    search_help_text = gettext_lazy("Words of a title in any language, or of the venue.")
    ordering = ["-starts_at", "-pk"]
    list_per_page = 50
    show_full_result_count = False
    autocomplete_fields = ["city", "owner"]
    readonly_fields = ["created_by", "created_at", "updated_at"]
    fieldsets = [
        (
            gettext_lazy("What"),
            {
                "fields": [
                    *("seen_at", "source_language", "title", "summary", "description"),
                    *("series", "networks", "format", "themes", "languages", "interpretation"),
                ]
            },
        ),
        (
            gettext_lazy("When, by the clock of the place"),
            {"fields": [("start_date", "start_time"), ("end_date", "end_time"), "time_zone"]},
        ),
        (
            gettext_lazy("Where"),
            {"fields": ["mode", "city", "venue", "address", "online_link", "practical"]},
        ),
        (
            gettext_lazy("Registration"),
            {
                "fields": [
                    *("visibility", "entry", "needs_approval", ("opens_date", "opens_time")),
                    *(("closes_date", "closes_time"), "fresh_yes_hours", "reminder_hours", "contact_email"),
                ]
            },
        ),
        (
            gettext_lazy("The record"),
            {
                "classes": ["collapse"],
                "fields": [
                    *("owner", "status_note", "report_due_days", "purge_after_days"),
                    *("created_by", "created_at", "updated_at"),
                ],
            },
        ),
    ]

    # Who sees and does what

    def scope(self, user):
        return Event.objects.editable_by(user)

    def has_delete_permission(self, request, obj=None):
        """Only drafts without people: what was announced is cancelled, and its page stays."""
        if not super().has_delete_permission(request, obj):
            return False
        return obj is None or (obj.status == Event.Status.DRAFT and not obj.registrations.exists())

    def get_fieldsets(self, request, obj=None):
        """Who runs it is chosen from all people, whom only administrators see."""
        fieldsets = super().get_fieldsets(request, obj)
        if roles_of(request.user).is_administrator:
            return fieldsets
        return [
            (label, options | {"fields": [name for name in options["fields"] if name not in ("owner", "created_by")]})
            for label, options in fieldsets
        ]

    def view_on_site(self, event):
        return event.get_absolute_url() if event.status != Event.Status.DRAFT else ""

    # The list

    def get_changelist(self, request, **kwargs):
        return EventChangeList

    @admin.display(description=gettext_lazy("when"), ordering="starts_at")
    def when(self, event):
        return when_in_words(event)

    @admin.display(description=gettext_lazy("participants"), ordering="people")
    def people(self, event):
        return event.people

    # The form

    def save_model(self, request, obj, form, change):
        """The form has stored it, by the services."""

    def save_related(self, request, form, formsets, change):
        """Networks and themes are stored with the event."""

    def response_add(self, request, obj, post_url_continue=None):
        if {"_continue", "_addanother", "_popup"} & set(request.POST):
            return super().response_add(request, obj, post_url_continue)
        messages.success(request, _("The event is kept as a draft. Announce it when it is ready."))
        return HttpResponseRedirect(reverse("admin:events_event_overview", args=[obj.pk]))

    def response_change(self, request, obj):
        if {"_continue", "_addanother", "_popup"} & set(request.POST):
            return super().response_change(request, obj)
        messages.success(request, _("Your changes are saved."))
        return HttpResponseRedirect(reverse("admin:events_event_overview", args=[obj.pk]))


@admin.register(EventSeries)
class EventSeriesAdmin(HostedAdmin):
    form = SeriesForm
    change_form_template = "admin/events/eventseries/change_form.html"
    list_display = ["__str__", "source_language", "network_names", "event_count"]
    list_filter = [("networks", admin.RelatedOnlyFieldListFilter)]
    search_fields = in_all_languages("title")
    fields = ["source_language", "title", "summary", "description", "networks"]

    def scope(self, user):
        return EventSeries.objects.filter(networks__in=editable_networks(user))

    def get_queryset(self, request):
        queryset = super().get_queryset(request).prefetch_related("networks")
        return queryset.annotate(event_count=Count("events"))

    @admin.display(description=gettext_lazy("events"), ordering="event_count")
    def event_count(self, series):
        return series.event_count

    def get_urls(self):
        view = self.admin_site.admin_view(self.duplicate_view)
        return [path("<int:pk>/duplicate/", view, name="events_eventseries_duplicate"), *super().get_urls()]

    @transaction.atomic
    def save_model(self, request, obj, form, change):
        if not change:
            obj.created_by = request.user
        super().save_model(request, obj, form, change)

    def duplicate_view(self, request, pk):
        series = self.get_queryset(request).filter(pk=pk).first()
        if series is None or not runs_series(request.user, series):
            self._get_obj_does_not_exist_redirect(request, self.opts, pk)
        form = DuplicateForm(request.POST or None)
        if request.method == "POST" and form.is_valid():
            day = form.cleaned_data["first_day"]
            new = attempt(form, lambda: duplicating.duplicate_series(series, actor=request.user, first_day=day))
            if not form.errors:
                self.log_addition(request, new, [{"added": {}}])
                messages.success(request, _("This is the new series; all its events are drafts."))
                return HttpResponseRedirect(reverse("admin:events_eventseries_change", args=[new.pk]))
        request.current_app = self.admin_site.name
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": _("Duplicate “%(series)s” with its events") % {"series": series},
            "form": form,
            "media": self.media,
            "button": _("Duplicate"),
            "explained": duplicating_explained(),
        }
        return TemplateResponse(request, "admin/events/event/form.html", context, status=422 if form.errors else 200)


def duplicating_explained():
    return _(
        "Every event of the series becomes a draft, with as many days between them as before. The first begins on the "
        "day you choose. Only networks that you coordinate host the new ones."
    )
