"""How fast mail is sent: for the whole provider, and for single domains of recipients."""

import re

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from common.admin import CleanAdmin
from newsletters.admin.subscribers import AdministratorsOnly
from newsletters.models import Throttle
from newsletters.services.throttling import ALL

_DOMAIN = re.compile(r"(?!-)([a-z0-9-]{1,63}\.)+[a-z0-9-]{2,63}")


class ThrottleForm(forms.ModelForm):
    class Meta:
        model = Throttle
        fields = ["name", "rate", "burst"]

    def clean_name(self):
        """As the domains of subscribers are stored."""
        name = self.cleaned_data["name"].strip().lower()
        if name != ALL and not _DOMAIN.fullmatch(name):
            raise ValidationError(_("Write a domain like city.example, or * for all mail."))
        return name


@admin.register(Throttle)
class ThrottleAdmin(AdministratorsOnly, CleanAdmin):
    """For administrators. Workers follow a change with their next batch."""

    form = ThrottleForm
    list_display = ["name", "rate", "burst"]
    fields = ["name", "rate", "burst"]
    search_fields = ["name"]
    list_per_page = 50
    show_full_result_count = False

    def has_add_permission(self, request):
        return self.has_view_permission(request)

    def has_change_permission(self, request, obj=None):
        return self.has_view_permission(request, obj)

    def has_delete_permission(self, request, obj=None):
        return self.has_view_permission(request, obj)

    def save_model(self, request, obj, form, change):
        """Workers take tokens meanwhile: what they left is not overwritten."""
        obj.save(update_fields=form.Meta.fields if change else None)
