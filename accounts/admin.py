from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django import forms
from django.contrib import admin, messages
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.forms import BaseUserCreationForm, UserChangeForm
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from accounts import services
from accounts.models import Invitation, User
from common.admin import CleanAdmin, CleanFieldsMixin, DecidedInListMixin


class UserForm(UserChangeForm):
    def clean(self):
        cleaned = super().clean()
        if not (cleaned.get("is_active") and cleaned.get("is_superuser")):
            services.check_somebody_administers(without=[self.instance])
        return cleaned


class UserCreationForm(BaseUserCreationForm):
    class Meta:
        model = User
        fields = ["email"]
        field_classes = {"email": forms.EmailField}


@admin.register(User)
class UserAdmin(CleanFieldsMixin, DjangoUserAdmin):
    add_form = UserCreationForm
    form = UserForm
    list_display = ["email", "name", "language", "is_staff", "is_active"]
    list_filter = ["is_staff", "is_active", "language"]
    search_fields = ["email", "name"]
    ordering = ["email"]
    actions = ["remove_second_factors"]
    fieldsets = [
        (None, {"fields": ["email", "password"]}),
        (_("About"), {"fields": ["name", "language", "mail_preference", "time_zone"]}),
        (_("Rights"), {"fields": ["is_active", "is_staff", "is_superuser", "groups", "user_permissions"]}),
        (_("Dates"), {"fields": ["last_login", "date_joined"]}),
    ]

    def get_fieldsets(self, request, obj=None):
        # DjangoUserAdmin's creation form offers "usable_password"; ours derives from the plain one.
        if obj is None:
            return [(None, {"classes": ["wide"], "fields": ["email", "password1", "password2"]})]
        return super().get_fieldsets(request, obj)

    def get_deleted_objects(self, objs, request):
        deleted, counts, lacking, protected = super().get_deleted_objects(objs, request)
        try:
            with transaction.atomic():
                services.check_somebody_administers(without=objs)
        except ValidationError as error:
            protected = [*protected, *error.messages]
        return deleted, counts, lacking, protected

    def save_model(self, request, obj, form, change):
        super().save_model(request, obj, form, change)
        if "email" in form.changed_data:
            services.change_email(obj, obj.email, actor=request.user)
        if change and {"is_active", "is_staff", "is_superuser"} & set(form.changed_data):
            services.end_sessions(obj)

    @admin.action(description=_("Remove the second factors of the chosen people"), permissions=["change"])
    def remove_second_factors(self, request, queryset):
        for user in queryset:
            services.remove_second_factors(user, request.user)
        messages.success(request, _("The second factors are removed."))


# Addresses are changed with the person, so that the two never differ, and secrets are nobody's to read.
admin.site.unregister([EmailAddress, Authenticator])


class InvitationForm(forms.ModelForm):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        if "email" in self.fields:
            self.fields["email"].required = True


@admin.register(Invitation)
class InvitationAdmin(DecidedInListMixin, CleanAdmin):
    """Invitations are made here and revoked here; what is sent is sent."""

    form = InvitationForm
    list_display = ["email", "name", "invited_by", "created_at", "expires_at", "accepted_at", "revoked_at"]
    list_select_related = ["invited_by"]
    search_fields = ["email", "name"]
    fields = ["email", "name", "language"]
    actions = ["revoke"]

    def save_model(self, request, obj, form, change):
        # The service makes the record, because it makes the token.
        invitation, _token = services.invite(obj.email, obj.language, request.user, name=obj.name)
        obj.pk = invitation.pk

    @admin.action(description=_("Revoke the chosen invitations"))
    def revoke(self, request, queryset):
        count = sum(services.revoke(invitation, request.user) for invitation in queryset)
        text = ngettext("%(count)s invitation is revoked.", "%(count)s invitations are revoked.", count)
        messages.success(request, text % {"count": count})


class AccountRequestAdmin(CleanAdmin):
    """Registered by the app above, which knows the cities and so decides who may decide."""

    list_display = ["email", "name", "domain_label", "state", "verified_at", "decided_by"]
    list_filter = ["state"]
    list_select_related = ["decided_by"]
    search_fields = ["email", "name"]
    fields = [
        "email",
        "name",
        "language",
        "message",
        "domain_label",
        "state",
        "created_at",
        "verified_at",
        "decided_at",
    ]
    actions = ["approve", "refuse"]
