"""What belongs to one event is added and changed on pages of its own, reached from the event's overview."""

from django import forms
from django.contrib import messages
from django.db import OperationalError
from django.http import Http404, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _

from common.admin import PlainChoicesMixin
from events.admin.refusals import LOCKED
from events.models import Event, Room, Session, Speaker
from events.services.agenda import concerned, note_programme_change
from networks.scoped_admin import ScopedAdmin

OF_THE_EVENT = (Room, Speaker, Session)


class PartForm(forms.ModelForm):
    """`event` is set by the admin, on a class made for one request. Rooms, people and sessions are the event's own."""

    event = None
    texts = ()
    """Translated fields that are needed in the language of the event."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        if hasattr(type(self.instance), "event") and self.instance.event_id is None:
            self.instance.event = self.event
        for field in self.fields.values():
            queryset = getattr(field, "queryset", None)
            if queryset is not None and queryset.model in OF_THE_EVENT:
                field.queryset = queryset.filter(event=self.event)
                # Their names ask for the language of their event, which is this one.
                field.choices = [*([] if _is_many(field) else [("", "–")]), *self._named(field.queryset)]

    def _named(self, records):
        for record in records:
            record.event = self.event
            yield record.pk, str(record)

    def clean(self):
        cleaned = super().clean()
        for name in self.texts:
            column = f"{name}_{self.event.source_language}"
            if column in self.fields and not cleaned.get(column) and column not in self.errors:
                self.add_error(column, _("Needed in the language the event is written in."))
        return cleaned


def say_what_is_shown(form, names) -> None:
    """Let the page tell what it showed in these fields, so that only what was typed there counts as changed."""
    for name in names:
        form.fields[name].show_hidden_initial = True


def keep_what_is_repeated(form, names) -> dict:
    """Of these fields those that the form merely repeats, as they are stored now: somebody else may have changed them."""
    if form.instance.pk is None:
        return {}
    return {name: getattr(form.instance, name) for name in names if name not in form.changed_data}


def _is_many(field):
    return isinstance(field, forms.ModelMultipleChoiceField)


def _news_of(form):
    """The fields that changed. A text in one more language is no news."""
    texts = {field.name for field in form.instance._meta.fields if getattr(field, "translated_field", None)}
    return {name for name in form.changed_data if name not in texts or form.initial.get(name)}


class PartAdmin(PlainChoicesMixin, ScopedAdmin):
    """Mixin before an admin class. A new part names its event in the address: /add/?event=12."""

    coordinators_may = frozenset({"view", "add", "change", "delete"})
    form = PartForm
    change_form_template = "admin/events/part_form.html"
    event_path = "event"
    changes_programme = True
    list_per_page = 50
    show_full_result_count = False

    def scope(self, user):
        return self.model.objects.filter(**{f"{self.event_path}__in": Event.objects.editable_by(user)})

    def get_model_perms(self, request):
        """Not on the first page: these have no meaning without their event."""
        return {}

    def event_of(self, request, obj=None):
        if obj is not None and obj.pk:
            for name in self.event_path.split("__"):
                obj = getattr(obj, name)
            return obj
        number = request.GET.get("event", "")
        number = number if number.isdecimal() and len(number) < 12 else 0
        event = Event.objects.editable_by(request.user).filter(pk=number).first()
        if event is None:
            raise Http404
        return event

    def get_form(self, request, obj=None, change=False, **kwargs):
        form = super().get_form(request, obj, change=change, **kwargs)
        form.event = self.event_of(request, obj)
        return form

    def add_view(self, request, form_url="", extra_context=None):
        if self.has_add_permission(request):
            extra_context = {"event": self.event_of(request)} | (extra_context or {})
        return super().add_view(request, form_url, extra_context)

    def change_view(self, request, object_id, form_url="", extra_context=None):
        found = self.get_object(request, object_id)
        if found is not None:
            extra_context = {"event": self.event_of(request, found)} | (extra_context or {})
        return super().change_view(request, object_id, form_url, extra_context)

    def changeform_view(self, request, *args, **kwargs):
        try:
            return super().changeform_view(request, *args, **kwargs)
        except OperationalError:
            # The pools of the event were locked for too long; nothing was stored.
            self.message_user(request, LOCKED, messages.ERROR)
            return HttpResponseRedirect(request.get_full_path())

    def save_related(self, request, form, formsets, change):
        super().save_related(request, form, formsets, change)
        if self.changes_programme and form.has_changed():
            note_programme_change(
                form.event,
                actor=request.user,
                note=f"{self.opts.verbose_name}: {form.instance}",
                people=concerned(form.instance, _news_of(form)) if change else (),
            )

    def delete_model(self, request, obj):
        event, note = self.event_of(request, obj), f"– {self.opts.verbose_name}: {obj}"
        people = concerned(obj)
        request.event_of_deleted = event
        super().delete_model(request, obj)
        if self.changes_programme:
            note_programme_change(event, actor=request.user, note=note, people=people)

    def delete_queryset(self, request, queryset):
        for obj in queryset:
            self.delete_model(request, obj)

    def response_add(self, request, obj, post_url_continue=None):
        answer = super().response_add(request, obj, post_url_continue)
        if "_addanother" in request.POST:
            return HttpResponseRedirect(f"{request.path}?event={self.event_of(request, obj).pk}")
        return answer

    def response_post_save_add(self, request, obj):
        return self._to_overview(self.event_of(request, obj))

    def response_post_save_change(self, request, obj):
        return self._to_overview(self.event_of(request, obj))

    def response_delete(self, request, obj_display, obj_id):
        super().response_delete(request, obj_display, obj_id)
        return self._to_overview(request.event_of_deleted)

    @staticmethod
    def _to_overview(event):
        return HttpResponseRedirect(reverse("admin:events_event_overview", args=[event.pk]))
