"""What allauth asks us: closed sign-up, our mails, where to go, and who is told what."""

from urllib.parse import quote

from allauth.account.adapter import DefaultAccountAdapter
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.core.ratelimit import respond_429
from allauth.mfa.adapter import DefaultMFAAdapter
from django.conf import settings
from django.core.exceptions import ValidationError
from django.urls import NoReverseMatch, reverse
from django.utils import translation
from django.utils.translation import gettext_lazy as _

from accounts import emails
from accounts.models import User
from common.addresses import absolute
from common.languages import current_language

SECURITY_NOTICES = {
    "account/email/password_changed": _("The password of your account was changed."),
    "account/email/password_reset": _("The password of your account was set anew."),
    "account/email/password_set": _("A password was set for your account."),
    "mfa/email/totp_activated": _("An authenticator app was added to your account."),
    "mfa/email/totp_deactivated": _("The authenticator app was removed from your account."),
    "mfa/email/webauthn_added": _("A passkey was added to your account."),
    "mfa/email/webauthn_removed": _("A passkey was removed from your account."),
    "mfa/email/recovery_codes_generated": _("New recovery codes were made for your account."),
}


class AccountAdapter(DefaultAccountAdapter):
    def is_open_for_signup(self, request):
        return False

    def pre_authenticate(self, request, **credentials):
        try:
            super().pre_authenticate(request, **credentials)
        except ValidationError as error:
            # A form error would answer 200 or 422; whoever tries too often is told to wait.
            raise ImmediateHttpResponse(respond_429(request)) from error

    def get_login_redirect_url(self, request):
        try:
            return reverse("workspace:home")
        except NoReverseMatch:
            return reverse("home")

    def get_password_change_redirect_url(self, request):
        return reverse("accounts:me")

    def get_email_verification_redirect_url(self, email_address):
        return reverse("account_login")

    def send_mail(self, template_prefix, email, context):
        user = context.get("user") or User.objects.filter(email=email.lower()).first()
        language = user.language if user else current_language()
        with translation.override(language):
            emails.send(*self._mail(template_prefix, email, language, context))

    def _mail(self, template_prefix, email, language, context):
        link = ""
        if template_prefix in SECURITY_NOTICES:
            template, values = "security_notice", {"event": SECURITY_NOTICES[template_prefix]}
            link = reverse("account_reset_password")
        else:
            template, values = template_prefix.rsplit("/", 1)[-1], {}
            if "uid" in context:
                key = {"uidb36": context["uid"], "key": "KEY"}
                link = reverse("account_reset_password_from_key", kwargs=key).replace("KEY", quote(context["key"]))
            elif "key" in context:
                link = reverse("account_confirm_email", args=[context["key"]])
            elif "signup_url" in context:
                link = reverse("accounts:request")
        return template, email, language, values | {"link": absolute(link)}

    def send_notification_mail(self, template_prefix, user, context=None, email=None):
        self.send_mail(template_prefix, email or user.email, {"user": user})


class SecondFactorAdapter(DefaultMFAAdapter):
    def _get_site_name(self):
        return settings.SITE_NAME
