"""Limits of seats, seats kept for some, and who was nominated."""

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext_lazy

from common.admin import CleanAdmin, PlainChoicesMixin
from events.admin.forms import date_input, time_input
from events.admin.parts import PartAdmin, PartForm, keep_what_is_repeated, say_what_is_shown
from events.models import Nomination, SeatPool, SeatReserve
from events.services.admitting import change_pool, nominate
from networks.scoped_admin import ScopedInline
from vocabularies.models import Scheme, Term


class ReserveForm(forms.ModelForm):
    """Until when by the clock of the event's place; a new date of the event moves it, which the form does not undo."""

    kept = ("seats", "releases_date", "releases_time")

    class Meta:
        model = SeatReserve
        fields = ["stakeholder", "seats", "releases_date", "releases_time"]

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["stakeholder"].queryset = Term.objects.in_scheme(Scheme.ORGANISATION_TYPE)
        self.fields["releases_date"] = date_input(self.fields["releases_date"].label)
        self.fields["releases_time"] = time_input(self.fields["releases_time"].label)
        say_what_is_shown(self, self.kept)

    def clean(self):
        return super().clean() | keep_what_is_repeated(self, self.kept)


class ReserveInline(PlainChoicesMixin, ScopedInline, admin.TabularInline):
    model = SeatReserve
    form = ReserveForm
    fields = ["stakeholder", "seats", "releases_date", "releases_time"]
    extra = 0


@admin.register(SeatPool)
class SeatPoolAdmin(PartAdmin, CleanAdmin):
    """Pools come with the mode of the event and with break-out sessions; here their limits change."""

    coordinators_may = frozenset({"view", "change", "delete"})
    changes_programme = False
    inlines = [ReserveInline]
    list_display = ["__str__", "event", "capacity", "per_city_maximum", "has_waiting_list"]
    list_select_related = ["event", "session__event"]
    fields = ["capacity", "per_city_maximum", "has_waiting_list", "offer_hours"]

    def has_add_permission(self, request, obj=None):
        return False

    def has_delete_permission(self, request, obj=None):
        """With its event or session, never by itself."""
        is_own_page = request.path.startswith(reverse("admin:events_seatpool_changelist"))
        return not is_own_page and super().has_delete_permission(request, obj)

    def formfield_for_dbfield(self, db_field, request, **kwargs):
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if field is not None:
            # The page says what it showed, so that only what was typed there counts as changed.
            field.show_hidden_initial = True
        return field

    def save_model(self, request, obj, form, change):
        """The service changes the limits, once the kept seats are stored."""

    def save_related(self, request, form, formsets, change):
        with transaction.atomic():
            for formset in formsets:
                self.save_formset(request, form, formset, change=change)
            # What the form merely repeats may have been changed since by somebody else.
            changed = {name: form.cleaned_data[name] for name in form.changed_data}
            change_pool(form.instance, changed, actor=request.user)


class NominationForm(PartForm):
    def clean_email(self):
        email = self.cleaned_data["email"]
        if Nomination.objects.filter(event=self.event, email__iexact=email).exists():
            raise ValidationError(gettext_lazy("This address is nominated already."))
        return email


@admin.register(Nomination)
class NominationAdmin(PartAdmin, CleanAdmin):
    """Made and taken back, never changed."""

    form = NominationForm
    coordinators_may = frozenset({"view", "add", "delete"})
    changes_programme = False
    list_display = ["email", "name", "city", "event", "at", "told_at"]
    list_filter = [("event", admin.RelatedOnlyFieldListFilter)]
    list_select_related = ["event", "city"]
    search_fields = ["email", "name"]
    autocomplete_fields = ["city"]
    fields = ["email", "name", "language", "city"]

    def has_change_permission(self, request, obj=None):
        return False

    def save_model(self, request, obj, form, change):
        values = form.cleaned_data
        email = values.pop("email")
        made = nominate(form.event, email, actor=request.user, **values)
        obj.pk = made.pk
        is_told = made.told_at is not None
        later = gettext_lazy("The mail leaves when the event is announced.")
        told = gettext_lazy("The mail is on its way.") if is_told else later
        self.message_user(request, told)

    def save_related(self, request, form, formsets, change):
        """There is nothing related."""
