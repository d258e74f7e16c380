"""Rooms, speakers, agenda, break-out groups, papers, recordings and practices of an event."""

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from common.admin import ChoicesWidget, CleanAdmin, TranslatedAdmin
from common.documents import clean_document
from events.admin.forms import date_input, language_choices, time_input
from events.admin.parts import PartAdmin, PartForm, keep_what_is_repeated, say_what_is_shown
from events.models import (
    BreakoutGroup,
    EventDocument,
    EventPractice,
    Outcome,
    Recording,
    Room,
    SeatAllocation,
    SeatPool,
    Session,
    Speaker,
)
from events.services.agenda import save_session
from events.times import instant
from practices.models import Practice


class LanguageForm(PartForm):
    """A form whose `language` is chosen from those that networks work in."""

    language_is_needed = False

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        if "language" in self.fields:
            choices = language_choices(self.instance.language, *self.event.languages)
            self.fields["language"] = forms.ChoiceField(
                label=self.fields["language"].label,
                choices=choices if self.language_is_needed else [("", "–"), *choices],
                required=self.language_is_needed,
            )


class NamedForm(PartForm):
    texts = ("name",)


@admin.register(Room)
class RoomAdmin(PartAdmin, TranslatedAdmin):
    form = NamedForm
    list_display = ["__str__", "event", "kind", "capacity"]
    list_select_related = ["event"]
    fields = ["name", "kind", "capacity", "accessibility", "join_link", "order"]


@admin.register(Speaker)
class SpeakerAdmin(PartAdmin, TranslatedAdmin):
    list_display = ["__str__", "event", "organisation", "city"]
    list_select_related = ["event", "organisation", "city"]
    autocomplete_fields = ["organisation", "city"]
    fields = ["name", "role", "organisation", "city", "order"]


class SessionForm(LanguageForm):
    """Its clock times move with the event, its seats with an override: what the form merely repeats stays as it is now."""

    texts = ("title",)
    kept = ("day", "start_time", "end_time")
    has_seats = forms.BooleanField(
        label=gettext_lazy("Seats of its own"),
        required=False,
        help_text=gettext_lazy("For break-out sessions that people choose when they register."),
    )
    seats = forms.IntegerField(
        label=gettext_lazy("Places"),
        min_value=0,
        max_value=100_000,
        required=False,
        help_text=gettext_lazy("Empty: as many as come."),
    )

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["day"] = date_input(self.fields["day"].label)
        for name in ("start_time", "end_time"):
            self.fields[name] = time_input(self.fields[name].label)
        if self.instance.pk is None:
            self.initial.setdefault("day", self.event.start_date)
        elif pool := SeatPool.objects.filter(session=self.instance).first():
            self.initial |= {"has_seats": True, "seats": pool.capacity}
            self.fields["has_seats"].disabled = True
        say_what_is_shown(self, (*self.kept, "seats"))

    @property
    def sets_seats(self):
        """Whether a number of places, or that there are any, was typed; not one that somebody else has changed since."""
        return self.cleaned_data["has_seats"] and not {"has_seats", "seats"}.isdisjoint(self.changed_data)

    def clean(self):
        cleaned = super().clean()
        cleaned |= keep_what_is_repeated(self, self.kept)
        day, moments = cleaned.get("day"), []
        for name in ("start_time", "end_time"):
            try:
                if day and cleaned.get(name):
                    moments.append(instant(day, cleaned[name], self.event.time_zone))
            except ValidationError as error:
                self.add_error(name, error)
        if len(moments) == 2 and moments[1] <= moments[0]:
            self.add_error("end_time", _("A session cannot end before it begins."))
        if cleaned.get("has_seats") and cleaned.get("kind") != Session.Kind.BREAKOUT:
            self.add_error("kind", _("Only break-out sessions have seats of their own."))
        return cleaned


@admin.register(Session)
class SessionAdmin(PartAdmin, TranslatedAdmin):
    form = SessionForm
    list_display = ["__str__", "event", "kind", "day", "start_time", "end_time"]
    list_select_related = ["event"]
    fieldsets = [
        (None, {"fields": ["kind", "title", "description"]}),
        (
            gettext_lazy("When, by the clock of the place"),
            {"fields": ["day", ("start_time", "end_time"), "room", "language"]},
        ),
        (gettext_lazy("With whom"), {"fields": ["moderator", "rapporteur", "speakers"]}),
        (gettext_lazy("Seats"), {"fields": ["has_seats", "seats"]}),
    ]

    def formfield_for_manytomany(self, db_field, request, **kwargs):
        field = super().formfield_for_manytomany(db_field, request, **{"widget": ChoicesWidget(), **kwargs})
        field.widget.group_label = field.label
        return field

    def has_delete_permission(self, request, obj=None):
        """Not while people have or wait for a seat in it."""
        if not super().has_delete_permission(request, obj):
            return False
        return (
            obj is None or not SeatAllocation.objects.filter(pool__session=obj, state__in=SeatAllocation.OPEN).exists()
        )

    def save_model(self, request, obj, form, change):
        save_session(obj, actor=request.user, seats=form.cleaned_data["seats"], sets_seats=form.sets_seats)


class GroupForm(LanguageForm):
    texts = ("title",)

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        session = self.fields["session"]
        breakouts = self.event.sessions.filter(kind=Session.Kind.BREAKOUT)
        session.queryset = breakouts
        session.choices = [(record.pk, str(record)) for record in breakouts]


@admin.register(BreakoutGroup)
class GroupAdmin(PartAdmin, TranslatedAdmin):
    form = GroupForm
    event_path = "session__event"
    list_display = ["__str__", "session", "room", "capacity"]
    list_select_related = ["session__event", "room__event"]
    fields = ["session", "title", "room", "capacity", "language", "moderator", "rapporteur", "order"]


class DocumentForm(PartForm):
    texts = ("title",)

    def clean_file(self):
        upload = self.cleaned_data["file"]
        return clean_document(upload) if isinstance(upload, UploadedFile) else upload


@admin.register(EventDocument)
class DocumentAdmin(PartAdmin, TranslatedAdmin):
    form = DocumentForm
    changes_programme = False
    list_display = ["__str__", "event", "language", "is_for_participants"]
    list_select_related = ["event"]
    fields = ["file", "language", "title", "is_for_participants", "order"]


class RecordingForm(LanguageForm):
    language_is_needed = True


@admin.register(Recording)
class RecordingAdmin(PartAdmin, TranslatedAdmin):
    form = RecordingForm
    changes_programme = False
    list_display = ["__str__", "event", "session", "language"]
    list_select_related = ["event", "session__event"]
    fields = ["url", "language", "title", "session"]


class OutcomeForm(PartForm):
    texts = ("title",)


@admin.register(Outcome)
class OutcomeAdmin(PartAdmin, TranslatedAdmin):
    form = OutcomeForm
    changes_programme = False
    list_display = ["__str__", "event"]
    list_select_related = ["event"]
    fields = ["title", "description", "url", "order"]


class EventPracticeForm(PartForm):
    actor = None

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        readable = Practice.objects.visible_to(self.actor).values("pk")
        field = self.fields["practice"]
        field.queryset = Practice.objects.filter(pk__in=readable) | Practice.objects.filter(
            pk=self.instance.practice_id
        )


@admin.register(EventPractice)
class EventPracticeAdmin(PartAdmin, CleanAdmin):
    form = EventPracticeForm
    changes_programme = False
    list_display = ["__str__", "event", "role", "session"]
    list_select_related = ["event", "practice", "session__event"]
    autocomplete_fields = ["practice", "city"]
    fields = ["practice", "title", "city", "session", "presenter", "role", "note"]

    def get_form(self, request, obj=None, **kwargs):
        form = super().get_form(request, obj, **kwargs)
        form.actor = request.user
        return form
