"""The verbs of accounts. Who may invite and approve is known by the apps above, which ask before they call these."""

from django.contrib.auth import password_validation
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import F
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext_lazy as _

from accounts import domains, emails, personal_data
from accounts.models import REQUEST_DAYS, AccountRequest, Invitation, User, in_invitation_days, in_request_days
from accounts.signals import account_requested, email_changed, invitation_accepted, person_erased
from accounts.tokens import keyed_hash, new_token, possible_hashes
from common.addresses import absolute

INVITATION = "invitation"
REQUEST = "request"


class Closed(Exception):
    """A link that leads nowhere any more; `reason` is "used", "revoked", "expired" or "unknown"."""

    def __init__(self, reason):
        super().__init__(reason)
        self.reason = reason


class SignInFirst(Exception):
    """The invited address has an account, so only that person, signed in, may accept."""


# Rights ----------------------------------------------------------------------------------------


def needs_second_factor(user):
    """Whether a password alone is too little for what this person may do."""
    return user.is_staff or user.is_superuser


def has_second_factor(user):
    from allauth.mfa.utils import is_mfa_enabled

    return is_mfa_enabled(user)


def check_somebody_administers(without) -> None:
    """Raise ValidationError where nobody would administer the platform without these people.

    Call it in the transaction that takes them away: two who leave at the same moment wait for one another.
    """
    administrators = User.objects.select_for_update().filter(is_superuser=True, is_active=True).order_by("pk")
    held = set(administrators.values_list("pk", flat=True))
    if held and not held - {user.pk for user in without}:
        raise ValidationError(
            _("Nobody else administers the platform. Make somebody else an administrator first."),
            code="last_administrator",
        )


def end_sessions(user):
    """Sign a person out everywhere, in one UPDATE: the next request of each session is anonymous."""
    User.objects.filter(pk=user.pk).update(session_epoch=F("session_epoch") + 1)


@transaction.atomic
def remove_second_factors(user, actor):
    """For a person who has lost them all: the password alone signs in again, and every session ends."""
    user.authenticator_set.all().delete()
    end_sessions(user)
    context = {"event": _("The second factors of your account were removed."), "link": _reset_link(user.language)}
    _mail("security_notice", user.email, user.language, context)


def _reset_link(language):
    with translation.override(language):
        return absolute(reverse("account_reset_password"))


@transaction.atomic
def change_email(user, email, *, actor):
    """Give a person another address, which counts as confirmed because the actor vouches for it."""
    from allauth.account.models import EmailAddress

    user.email = email.strip().lower()
    user.full_clean(exclude=["password"])
    user.save(update_fields=["email"])
    EmailAddress.objects.filter(user=user).delete()
    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    email_changed.send(User, user=user)


# Invitations -----------------------------------------------------------------------------------


@transaction.atomic
def invite(email, language, actor, *, name=""):
    """Return (invitation, token) and mail the token.

    One address may have several open invitations: two networks may each have something to offer.
    """
    email = email.strip().lower()
    token = new_token()
    invitation = Invitation(
        email=email, language=language, name=name, invited_by=actor, token_hash=keyed_hash(token, INVITATION)
    )
    invitation.full_clean()
    invitation.save()
    _mail_invitation(invitation, token)
    return invitation, token


def _mail_invitation(invitation, token):
    with translation.override(invitation.language):
        link = absolute(reverse("accounts:invitation", args=[token]))
    inviter = invitation.invited_by.name if invitation.invited_by else ""
    context = {"link": link, "name": invitation.name, "inviter": inviter, "expires_at": invitation.expires_at}
    _mail("invitation", invitation.email, invitation.language, context)


def _mail(template, to, language, context):
    emails.send(template, to, language, context)


def invitation_of(token):
    """The open invitation that a token leads to. Raises `Closed`."""
    return _open_invitation(Invitation.objects, token)


def _open_invitation(invitations, token):
    invitation = invitations.filter(token_hash__in=possible_hashes(token, INVITATION)).first()
    if invitation is None:
        raise Closed("unknown")
    if invitation.closed_because:
        raise Closed(invitation.closed_because)
    return invitation


@transaction.atomic
def accept(token, password="", name="", *, actor=None):
    """Use an invitation once and return its person, made with name and password where the address has no account.

    Raises `Closed`, `SignInFirst`, or ValidationError for a password or a name that will not do.
    """
    # The row lock makes a second use wait, and then find the invitation used.
    invitation = _open_invitation(Invitation.objects.select_for_update(), token)
    user = User.objects.filter(email=invitation.email).first()
    if user is None:
        user = User(email=invitation.email, name=name or invitation.name, language=invitation.language)
        password_validation.validate_password(password, user)
        user = User.objects.create_user(user.email, password, name=user.name, language=user.language)
    elif actor != user or not user.is_active:
        raise SignInFirst
    invitation.accepted_at = timezone.now()
    invitation.accepted_by = user
    invitation.save(update_fields=["accepted_at", "accepted_by"])
    invitation_accepted.send(Invitation, invitation=invitation, user=user)
    return user


@transaction.atomic
def send_again(invitation, actor):
    """Mail an invitation anew, in the name of the actor; the former link leads nowhere, the days begin again.

    Returns whether it was sent: what has been used or revoked stays closed.
    """
    invitation = Invitation.objects.select_for_update().get(pk=invitation.pk)
    if invitation.closed_because in ("used", "revoked"):
        return False
    token = new_token()
    invitation.token_hash = keyed_hash(token, INVITATION)
    invitation.expires_at = in_invitation_days()
    invitation.invited_by = actor
    invitation.save(update_fields=["token_hash", "expires_at", "invited_by"])
    _mail_invitation(invitation, token)
    return True


def revoke(invitation, actor):
    """Close an invitation that waits; one that is closed already stays as it is. Returns whether anything changed."""
    return bool(Invitation.objects.waiting().filter(pk=invitation.pk).update(revoked_at=timezone.now()))


# Requests for an account -----------------------------------------------------------------------


@transaction.atomic
def request_account(email, name, language, message=""):
    """Mail the asker a link to confirm; silently nothing for an address of no known city.

    Callers tell everybody the same, whatever happened here.
    """
    email = email.strip().lower()
    label = domains.label_for(email)
    if not label:
        return
    if User.objects.filter(email=email).exists():
        link = absolute(reverse("account_login"))
        _mail("account_exists", email, language, {"link": link})
        return
    token = new_token()
    values = {
        "name": name,
        "language": language,
        "message": message,
        "domain_label": label,
        "token_hash": keyed_hash(token, REQUEST),
        "expires_at": in_request_days(),
        "verified_at": None,
    }
    pending = (
        AccountRequest.objects.select_for_update().filter(email=email, state=AccountRequest.State.PENDING).first()
    )
    if pending and pending.verified_at:
        return  # It is being decided; asking again neither hastens nor changes it.
    account_request = pending or AccountRequest(email=email)
    for field, value in values.items():
        setattr(account_request, field, value)
    account_request.full_clean()
    account_request.save()
    with translation.override(language):
        link = absolute(reverse("accounts:confirm_request", args=[token]))
    _mail("account_request", email, language, {"link": link, "name": name, "days": REQUEST_DAYS})


def request_of(token):
    """The request that a confirmation link leads to. Raises `Closed`."""
    return _open_request(AccountRequest.objects, token)


def _open_request(requests, token):
    account_request = requests.filter(token_hash__in=possible_hashes(token, REQUEST)).first()
    if account_request is None:
        raise Closed("unknown")
    if account_request.verified_at:
        raise Closed("used")
    if account_request.state != AccountRequest.State.PENDING or account_request.expires_at <= timezone.now():
        raise Closed("expired")
    return account_request


@transaction.atomic
def confirm_request(token):
    """The asker has shown to own the address. Raises `Closed`."""
    account_request = _open_request(AccountRequest.objects.select_for_update(), token)
    account_request.verified_at = timezone.now()
    account_request.save(update_fields=["verified_at"])
    account_requested.send(AccountRequest, account_request=account_request)
    return account_request


@transaction.atomic
def approve(account_request, actor):
    """Invite the asker. Returns (invitation, token), or None where the request waits for no decision."""
    waiting = AccountRequest.objects.waiting().select_for_update().filter(pk=account_request.pk).first()
    if waiting is None:
        return None
    invitation, token = invite(waiting.email, waiting.language, actor, name=waiting.name)
    _decide(waiting, AccountRequest.State.APPROVED, actor, invitation)
    return invitation, token


@transaction.atomic
def refuse(account_request, actor):
    """Close a request without an account. Returns whether anything changed."""
    waiting = AccountRequest.objects.waiting().select_for_update().filter(pk=account_request.pk).first()
    if waiting is None:
        return False
    _decide(waiting, AccountRequest.State.REFUSED, actor)
    _mail("request_refused", waiting.email, waiting.language, {"name": waiting.name})
    return True


def _decide(account_request, state, actor, invitation=None):
    account_request.state = state
    account_request.decided_at = timezone.now()
    account_request.decided_by = actor
    account_request.invitation = invitation
    account_request.save(update_fields=["state", "decided_at", "decided_by", "invitation"])


def forget_unconfirmed():
    """Delete requests whose address was never confirmed. Returns how many."""
    late = AccountRequest.objects.filter(verified_at=None, expires_at__lte=timezone.now())
    return late.delete()[0]


# Personal data ---------------------------------------------------------------------------------


def export_personal_data(user):
    """All that the hub knows about a person: {section: what JSON can hold}."""
    return {section.name: section.collect(user) for section in personal_data.sections()}


@transaction.atomic
def erase(user, actor):
    """Empty everything personal and end the account for good. What the person made stays, without the person.

    Raises ValidationError for the last administrator.
    """
    check_somebody_administers(without=[user])
    user = User.objects.select_for_update().get(pk=user.pk)
    # Sections of upper apps come first: they may need the address to find their records.
    for section in reversed(personal_data.sections()):
        section.erase(user)
    user.refresh_from_db()
    person_erased.send(User, user=user, actor=actor)
    return user
