"""Invitations on their way and requests for accounts, for those who keep the cities and networks concerned."""

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts.admin import AccountRequestAdmin
from accounts.models import AccountRequest
from common.admin import CleanAdmin, DecidedInListMixin, ReadOnlyMixin
from networks.models import RoleOffer
from networks.scoped_admin import ScopedAdmin
from networks.services import (
    approve_request,
    offers_kept_by,
    refuse_request,
    requests_kept_by,
    revoke_invitation,
    send_invitation_again,
)

STATES = {
    "open": gettext_lazy("Open"),
    "used": gettext_lazy("Accepted"),
    "revoked": gettext_lazy("Revoked"),
    "expired": gettext_lazy("Expired"),
}


class OpenFilter(admin.SimpleListFilter):
    title = gettext_lazy("state")
    parameter_name = "state"

    def lookups(self, request, model_admin):
        return list(STATES.items())

    def queryset(self, request, queryset):
        unanswered = {"invitation__accepted_at": None, "invitation__revoked_at": None}
        now = timezone.now()
        return {
            "open": lambda: queryset.filter(**unanswered, invitation__expires_at__gt=now),
            "used": lambda: queryset.exclude(invitation__accepted_at=None),
            "revoked": lambda: queryset.exclude(invitation__revoked_at=None),
            "expired": lambda: queryset.filter(**unanswered, invitation__expires_at__lte=now),
        }.get(self.value(), lambda: queryset)()


@admin.register(RoleOffer)
class RoleOfferAdmin(ReadOnlyMixin, ScopedAdmin, CleanAdmin):
    """Who was invited to what, and what became of it; made by inviting, never edited."""

    list_display = ["email", "role", "network", "city", "theme", "language", "invited_on", "expires_on", "state"]
    list_filter = [OpenFilter, "role"]
    list_select_related = ["invitation", "network", "city", "theme"]
    search_fields = ["invitation__email", "invitation__name"]
    ordering = ["-pk"]
    fields = ["email", "role", "network", "city", "theme", "language", "invited_on", "expires_on", "state"]
    readonly_fields = fields
    actions = ["send_again", "revoke"]

    def scope(self, user):
        return offers_kept_by(user)

    @admin.display(description=gettext_lazy("e-mail address"), ordering="invitation__email")
    def email(self, offer):
        return offer.invitation.email or "–"

    @admin.display(description=gettext_lazy("invited on"), ordering="invitation__created_at")
    def invited_on(self, offer):
        return offer.invitation.created_at

    @admin.display(description=gettext_lazy("expires"), ordering="invitation__expires_at")
    def expires_on(self, offer):
        return offer.invitation.expires_at

    @admin.display(description=gettext_lazy("state"))
    def state(self, offer):
        return STATES[offer.invitation.closed_because or "open"]

    @admin.action(permissions=["view"], description=gettext_lazy("Send the chosen invitations again"))
    def send_again(self, request, queryset):
        sent = self._each(request, queryset, send_invitation_again)
        if sent:
            text = ngettext("%(count)s invitation is sent again.", "%(count)s invitations are sent again.", sent)
            self.message_user(request, text % {"count": sent})

    @admin.action(permissions=["view"], description=gettext_lazy("Revoke the chosen invitations"))
    def revoke(self, request, queryset):
        count = self._each(request, queryset, revoke_invitation)
        if count:
            text = ngettext("%(count)s invitation is revoked.", "%(count)s invitations are revoked.", count)
            self.message_user(request, text % {"count": count})

    def _each(self, request, queryset, act):
        done = 0
        for offer in queryset.select_related("invitation", "network", "city", "theme"):
            try:
                done += act(offer.invitation, actor=request.user)
            except PermissionDenied:
                self.message_user(request, f"{offer}: {_('This is not yours to decide.')}", messages.ERROR)
        return done


@admin.register(AccountRequest)
class CityRequestAdmin(DecidedInListMixin, ScopedAdmin, AccountRequestAdmin):
    """Requests from the mail domains of cities; the asker becomes a contributor of the city."""

    coordinators_may = frozenset({"view", "change"})
    list_filter = ["state"]

    def scope(self, user):
        return requests_kept_by(user)

    def has_add_permission(self, request, obj=None):
        return False

    @admin.action(permissions=["change"], description=gettext_lazy("Invite the chosen askers"))
    def approve(self, request, queryset):
        count = sum(approve_request(one, actor=request.user) is not None for one in queryset)
        text = ngettext("%(count)s person is invited.", "%(count)s people are invited.", count)
        self.message_user(request, text % {"count": count})

    @admin.action(permissions=["change"], description=gettext_lazy("Refuse the chosen requests"))
    def refuse(self, request, queryset):
        count = sum(refuse_request(one, actor=request.user) for one in queryset)
        text = ngettext("%(count)s request is refused.", "%(count)s requests are refused.", count)
        self.message_user(request, text % {"count": count})
