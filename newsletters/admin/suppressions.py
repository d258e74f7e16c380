"""Addresses that get nothing more. They are kept as codes: looked for by typing the address."""

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError

from common.admin import CleanAdmin
from newsletters.addresses import address_hash
from newsletters.admin.subscribers import AdministratorsOnly
from newsletters.forms.preferences import AddressField
from newsletters.models import Suppression
from newsletters.services.suppressing import keep_away


class SuppressionForm(forms.ModelForm):
    email = AddressField()

    class Meta:
        model = Suppression
        fields = ["email", "reason", "scope"]


@admin.register(Suppression)
class SuppressionAdmin(AdministratorsOnly, CleanAdmin):
    """For administrators. An address is added by typing it; only its owner takes it away, with a button in a mail."""

    form = SuppressionForm
    list_display = ["__str__", "reason", "scope", "at"]
    list_filter = ["reason", "scope"]
    search_fields = ["email_hash"]
    ordering = ["-at"]
    list_per_page = 50
    show_full_result_count = False

    def has_add_permission(self, request):
        return self.has_view_permission(request)

    def has_change_permission(self, request, obj=None):
        return False

    def has_delete_permission(self, request, obj=None):
        return False

    def get_fields(self, request, obj=None):
        return ["email_hash", "reason", "scope", "at"] if obj else ["email", "reason", "scope"]

    def get_form(self, request, obj=None, change=False, **options):
        if obj is None:
            return super().get_form(request, obj, change, **options)
        return super().get_form(request, obj, change, form=forms.ModelForm, **options)

    def get_search_results(self, request, queryset, search_term):
        """By the whole address, or by the beginning of the code."""
        try:
            return queryset.filter(email_hash=address_hash(search_term)), False
        except ValidationError:
            return queryset.filter(email_hash__startswith=search_term.strip().lower()), False

    def save_model(self, request, obj, form, change):
        kept = keep_away(form.cleaned_data["email"], reason=obj.reason, scope=obj.scope, actor=request.user)
        obj.pk, obj.email_hash = kept.pk, kept.email_hash
