"""Forms of accounts, and allauth's without the words inside the inputs that repeat their labels."""

import zoneinfo
from functools import cache

from allauth.account import forms as account_forms
from allauth.account.fields import PasswordField, SetPasswordField
from allauth.mfa.base import forms as mfa_forms
from allauth.mfa.totp import forms as totp_forms
from allauth.mfa.webauthn import forms as webauthn_forms
from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _
from fido2.utils import websafe_decode

from accounts.models import AccountRequest, User

AREAS = ("Africa/", "America/", "Asia/", "Atlantic/", "Australia/", "Europe/", "Indian/", "Pacific/")


class WithoutPlaceholders:
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            field.widget.attrs.pop("placeholder", None)


class LoginForm(WithoutPlaceholders, account_forms.LoginForm):
    pass


class ResetPasswordForm(WithoutPlaceholders, account_forms.ResetPasswordForm):
    pass


class ResetPasswordKeyForm(WithoutPlaceholders, account_forms.ResetPasswordKeyForm):
    pass


class ChangePasswordForm(WithoutPlaceholders, account_forms.ChangePasswordForm):
    pass


class SetPasswordForm(WithoutPlaceholders, account_forms.SetPasswordForm):
    pass


class ReauthenticateForm(WithoutPlaceholders, account_forms.ReauthenticateForm):
    pass


class AuthenticateForm(WithoutPlaceholders, mfa_forms.AuthenticateForm):
    pass


class MFAReauthenticateForm(WithoutPlaceholders, mfa_forms.ReauthenticateForm):
    pass


class ActivateTOTPForm(WithoutPlaceholders, totp_forms.ActivateTOTPForm):
    pass


@cache
def time_zones():
    return sorted(name for name in zoneinfo.available_timezones() if name.startswith(AREAS))


class ProfileForm(forms.ModelForm):
    time_zone = forms.ChoiceField(
        label=_("Time zone"),
        required=False,
        choices=lambda: [
            ("", _("that of the site (%s)") % settings.TIME_ZONE),
            *((name, name) for name in time_zones()),
        ],
    )

    class Meta:
        model = User
        fields = ["name", "language", "time_zone", "mail_preference"]
        widgets = {"mail_preference": forms.RadioSelect, "name": forms.TextInput({"autocomplete": "name"})}


class AcceptForm(forms.Form):
    name = forms.CharField(label=_("Your name"), max_length=150, widget=forms.TextInput({"autocomplete": "name"}))
    password = SetPasswordField(label=_("Choose a password"))

    def __init__(self, *args, user=None, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["password"].user = user
        self.fields["password"].widget.attrs.pop("placeholder", None)


class AccountRequestForm(forms.ModelForm):
    class Meta:
        model = AccountRequest
        fields = ["email", "name", "message"]
        labels = {
            "email": _("E-mail address at your city"),
            "name": _("Your name"),
            "message": _("What do you do in your city?"),
        }
        widgets = {
            "email": forms.EmailInput({"autocomplete": "email"}),
            "name": forms.TextInput({"autocomplete": "name"}),
            "message": forms.Textarea({"rows": 4}),
        }

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["email"].required = self.fields["name"].required = True


class EraseForm(forms.Form):
    password = PasswordField(label=_("Your password, to confirm"), autocomplete="current-password")

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["password"].widget.attrs.pop("placeholder", None)


class CredentialField(forms.JSONField):
    """What a browser says of a passkey. The library that reads it expects this shape, and fails on others."""

    widget = forms.HiddenInput

    def to_python(self, value):
        try:
            credential = super().to_python(value)
        except RecursionError as error:
            raise self._invalid() from error
        if not isinstance(credential, dict) or not isinstance(credential.get("response"), dict):
            raise self._invalid()
        if not all(isinstance(credential.get(name), str) for name in ("id", "rawId", "type")):
            raise self._invalid()
        try:
            websafe_decode(credential["rawId"])
        except ValueError as error:
            raise self._invalid() from error
        return credential

    def bound_data(self, data, initial):
        # It is of no use a second time, and reading it once more may fail as it did at first.
        return None

    def has_changed(self, initial, data):
        return True

    def _invalid(self):
        return forms.ValidationError(self.error_messages["invalid"], code="invalid", params={"value": ""})


class AddPasskeyForm(webauthn_forms.AddWebAuthnForm):
    credential = CredentialField()


class LoginPasskeyForm(webauthn_forms.LoginWebAuthnForm):
    credential = CredentialField()


class AuthenticatePasskeyForm(webauthn_forms.AuthenticateWebAuthnForm):
    credential = CredentialField()


class ReauthenticatePasskeyForm(webauthn_forms.ReauthenticateWebAuthnForm):
    credential = CredentialField()
