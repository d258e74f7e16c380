"""Who a person is. What the person may do comes from roles, which belong to the apps above."""

import zoneinfo
from datetime import timedelta

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_lazy as _

from common.fields import LineField, PlainTextField

INVITATION_DAYS = 14
REQUEST_DAYS = 3


class UserManager(BaseUserManager):
    def create_user(self, email, password=None, **fields):
        """An account whose address counts as confirmed: nobody makes one without vouching for it."""
        from allauth.account.models import EmailAddress  # which needs this model to be loaded first

        user = self.model(email=self.normalize_email(email).lower(), **fields)
        user.set_password(password)
        user.full_clean(exclude=["password"])
        user.save(using=self._db)
        EmailAddress.objects.using(self._db).create(user=user, email=user.email, verified=True, primary=True)
        return user

    def create_superuser(self, email, password=None, **fields):
        return self.create_user(email, password, is_staff=True, is_superuser=True, **fields)

    def get_by_natural_key(self, email):
        return self.get(email=email.strip().lower())


def check_time_zone(name):
    if name not in zoneinfo.available_timezones():
        raise ValidationError(_("There is no such time zone."), code="invalid")


class User(AbstractBaseUser, PermissionsMixin):
    """A person, known by e-mail address."""

    class MailPreference(models.TextChoices):
        AT_ONCE = "at-once", _("at once")
        DAILY = "daily", _("together, once a day")
        NONE = "none", _("not at all")

    email = models.EmailField(_("e-mail address"), unique=True)
    name = LineField(_("name"), limit=150, blank=True, default="")
    language = models.CharField(
        _("language"), max_length=10, choices=settings.LANGUAGES, default=settings.LANGUAGE_CODE
    )
    mail_preference = models.CharField(
        _("mails about work on practices"),
        max_length=10,
        choices=MailPreference,
        default=MailPreference.AT_ONCE,
        help_text=_("Mails about your account, such as a new password, always come at once."),
    )
    time_zone = models.CharField(_("time zone"), max_length=60, blank=True, default="", validators=[check_time_zone])
    session_epoch = models.PositiveIntegerField(default=0, editable=False)
    """Part of every session's hash: adding one ends them all."""
    is_staff = models.BooleanField(_("may use the admin"), default=False)
    is_active = models.BooleanField(_("active"), default=True)
    date_joined = models.DateTimeField(_("joined"), default=timezone.now)
    erased_at = models.DateTimeField(_("erased"), null=True, blank=True, editable=False)

    objects = UserManager()

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS = []

    class Meta:
        verbose_name = _("person")
        verbose_name_plural = _("people")
        constraints = [models.UniqueConstraint(Lower("email"), name="user_email_any_case")]

    def __str__(self):
        if self.erased_at:
            return str(_("Former member"))
        return self.name or self.email

    def clean(self):
        super().clean()
        self.email = self.email.strip().lower()

    def _get_session_auth_hash(self, secret=None):
        # The hook that Django's own hash and its fallbacks for old keys both go through.
        text = f"{self.password}:{self.session_epoch}"
        return salted_hmac("accounts.User.session", text, secret=secret, algorithm="sha256").hexdigest()


def in_invitation_days():
    return timezone.now() + timedelta(days=INVITATION_DAYS)


def in_request_days():
    return timezone.now() + timedelta(days=REQUEST_DAYS)


class InvitationQuerySet(models.QuerySet):
    def waiting(self):
        """Neither used nor revoked; those that have expired can be sent again."""
        return self.filter(accepted_at=None, revoked_at=None)

    def open(self):
        """Neither used nor revoked nor expired."""
        return self.waiting().filter(expires_at__gt=timezone.now())


class Invitation(models.Model):
    """The way in. What the person will be is told by what upper apps attach to the invitation."""

    email = models.EmailField(_("e-mail address"), blank=True)
    name = LineField(_("name"), limit=150, blank=True, default="")
    language = models.CharField(
        _("language"), max_length=10, choices=settings.LANGUAGES, default=settings.LANGUAGE_CODE
    )
    token_hash = models.CharField(max_length=64, unique=True, editable=False)
    invited_by = models.ForeignKey(
        User, models.SET_NULL, null=True, blank=True, related_name="invitations_sent", verbose_name=_("invited by")
    )
    created_at = models.DateTimeField(_("invited on"), default=timezone.now, editable=False)
    expires_at = models.DateTimeField(_("expires"), default=in_invitation_days)
    accepted_at = models.DateTimeField(_("accepted"), null=True, blank=True)
    accepted_by = models.ForeignKey(
        User,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="invitations_accepted",
        verbose_name=_("accepted by"),
    )
    revoked_at = models.DateTimeField(_("revoked"), null=True, blank=True)

    objects = InvitationQuerySet.as_manager()

    class Meta:
        verbose_name = _("invitation")
        verbose_name_plural = _("invitations")
        ordering = ["-created_at"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(accepted_at=None) | models.Q(revoked_at=None), name="invitation_used_or_revoked"
            )
        ]

    def __str__(self):
        return self.name or self.email or str(_("Former member"))

    @property
    def closed_because(self):
        """ "used", "revoked", "expired", or "" while it is open."""
        if self.accepted_at:
            return "used"
        if self.revoked_at:
            return "revoked"
        return "expired" if self.expires_at <= timezone.now() else ""


class AccountRequestQuerySet(models.QuerySet):
    def waiting(self):
        """To be decided: the address is confirmed, the answer is open."""
        return self.filter(state=AccountRequest.State.PENDING).exclude(verified_at=None)


class AccountRequest(models.Model):
    """Somebody of a city asks for an account. It counts once the address is confirmed."""

    class State(models.TextChoices):
        PENDING = "pending", _("pending")
        APPROVED = "approved", _("approved")
        REFUSED = "refused", _("refused")

    email = models.EmailField(_("e-mail address"), blank=True)
    name = LineField(_("name"), limit=150, blank=True, default="")
    language = models.CharField(
        _("language"), max_length=10, choices=settings.LANGUAGES, default=settings.LANGUAGE_CODE
    )
    message = PlainTextField(_("message"), limit=1000, blank=True, default="")
    domain_label = models.CharField(_("belongs to"), max_length=200, blank=True, default="")
    """What the mail domain stood for when the request came."""
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.PENDING)
    token_hash = models.CharField(max_length=64, unique=True, editable=False)
    created_at = models.DateTimeField(_("asked on"), default=timezone.now, editable=False)
    expires_at = models.DateTimeField(_("to be confirmed until"), default=in_request_days)
    verified_at = models.DateTimeField(_("address confirmed"), null=True, blank=True)
    decided_at = models.DateTimeField(_("decided"), null=True, blank=True)
    decided_by = models.ForeignKey(
        User, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("decided by")
    )
    invitation = models.OneToOneField(
        Invitation, models.SET_NULL, null=True, blank=True, related_name="request", verbose_name=_("invitation")
    )

    objects = AccountRequestQuerySet.as_manager()

    class Meta:
        verbose_name = _("request for an account")
        verbose_name_plural = _("requests for an account")
        ordering = ["-created_at"]
        constraints = [
            models.UniqueConstraint(
                Lower("email"),
                condition=models.Q(state="pending") & ~models.Q(email=""),
                name="account_request_one_pending",
            )
        ]

    def __str__(self):
        return self.name or self.email or str(_("Former member"))
