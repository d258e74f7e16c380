"""What is personal, where it is, and how it goes. Upper apps register what they hold."""

from collections.abc import Callable
from dataclasses import dataclass

from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db.models import F, Q
from django.utils import timezone

from accounts.models import AccountRequest, Invitation, User
from common.models import OutboxMail

PERSONAL = {
    User: {"email", "name", "language", "mail_preference", "time_zone", "password", "last_login", "date_joined"},
    Invitation: {"email", "name", "language"},
    AccountRequest: {"email", "name", "language", "message"},
}
IMPERSONAL = {
    User: {"id", "session_epoch", "is_staff", "is_superuser", "is_active", "erased_at", "groups", "user_permissions"},
    Invitation: {
        *("id", "token_hash", "invited_by", "created_at", "expires_at", "accepted_at", "accepted_by", "revoked_at"),
    },
    AccountRequest: {
        *("id", "domain_label", "state", "token_hash", "created_at", "expires_at", "verified_at", "decided_at"),
        *("decided_by", "invitation"),
    },
}
"""Every column of accounts is in one of the two; a test fails for one that is in neither."""

SECRET = {"password"}
"""Personal, but told to nobody."""


@dataclass(frozen=True)
class Section:
    name: str
    collect: Callable[[User], object]
    """What JSON can hold."""
    erase: Callable[[User], None]


_sections: dict[str, Section] = {}


def register(name: str, *, collect: Callable[[User], object], erase: Callable[[User], None]) -> None:
    """Add what an app holds about a person. `erase` runs in the transaction of the whole erasure."""
    _sections[name] = Section(name, collect, erase)


def unregister(name: str) -> None:
    del _sections[name]


def sections() -> list[Section]:
    return [ACCOUNT, *_sections.values()]


def _collect(user):
    return {
        "account": _columns(user),
        "email_addresses": list(user.emailaddress_set.order_by("pk").values("email", "verified")),
        "second_factors": [
            {"type": factor.type, "name": str(factor), "created_at": factor.created_at.isoformat()}
            for factor in user.authenticator_set.order_by("pk")
        ],
        "invitations": [_columns(record) for record in _invitations(user)],
        "account_requests": [_columns(record) for record in _requests(user)],
        "mails": [
            {"kind": mail.kind, "recipient": mail.recipient, "subject": mail.subject, "at": mail.queued_at.isoformat()}
            for mail in _mails(user).order_by("pk")
        ],
    }


def _columns(record):
    names = sorted(PERSONAL[record._meta.model] - SECRET)
    return {name: _plain(getattr(record, name)) for name in names}


def _plain(value):
    return value.isoformat() if hasattr(value, "isoformat") else value


def _invitations(user):
    return Invitation.objects.filter(Q(accepted_by=user) | Q(email=user.email)).order_by("pk")


def _requests(user):
    mine = Q(email=user.email) | Q(invitation__accepted_by=user)
    return AccountRequest.objects.filter(mine).order_by("pk")


def _mails(user):
    return OutboxMail.objects.filter(Q(person=user) | Q(recipient__iexact=user.email))


def _erase_mails(user):
    """What has not left will not leave; that the rest was sent stays known, not what it said nor to whom."""
    unsent = [OutboxMail.State.WAITING, OutboxMail.State.HELD, OutboxMail.State.FAILED, OutboxMail.State.UNCERTAIN]
    mails = _mails(user)
    mails.filter(state__in=unsent).update(state=OutboxMail.State.CANCELLED)
    for mail in mails:
        # The key names the recipient too.
        mail.key, mail.recipient = f"erased:{mail.pk}", f"erased-{user.pk}@erased.invalid"
        mail.name = mail.subject = mail.text = mail.html = mail.link = mail.calendar = mail.last_error = ""
        mail.save()


def _erase_from_log(user):
    """The log of the admin names its objects by what they were called then."""
    about = {User: [user], Invitation: _invitations(user), AccountRequest: _requests(user)}
    found = Q(object_repr__icontains=user.email)
    for model, records in about.items():
        ids = [str(record.pk) for record in records]
        found |= Q(content_type=ContentType.objects.get_for_model(model), object_id__in=ids)
    LogEntry.objects.filter(found).update(object_repr=F("object_id"))


def _erase(user):
    now = timezone.now()
    _erase_mails(user)
    _erase_from_log(user)
    Invitation.objects.open().filter(email=user.email).update(revoked_at=now)
    AccountRequest.objects.filter(email=user.email, state=AccountRequest.State.PENDING).update(
        state=AccountRequest.State.REFUSED, decided_at=now
    )
    language = User._meta.get_field("language").default
    _requests(user).update(email="", name="", language=language, message="")
    _invitations(user).update(email="", name="", language=language)
    user.emailaddress_set.all().delete()
    user.authenticator_set.all().delete()
    user.groups.clear()
    user.user_permissions.clear()
    user.email = f"erased-{user.pk}@erased.invalid"
    user.name = user.time_zone = ""
    user.language = language
    user.mail_preference = User.MailPreference.NONE
    user.last_login = None
    user.date_joined = user.erased_at = now
    user.is_active = user.is_staff = user.is_superuser = False
    user.session_epoch += 1
    user.set_unusable_password()
    user.save()


ACCOUNT = Section("accounts", _collect, _erase)
