"""Who has which role: seen, offered by invitation, and ended; never edited, so that the record stays true."""

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from common.admin import CleanAdmin, ReadOnlyMixin
from common.refusals import attempt
from networks.models import City, Network, RoleAssignment
from networks.rules import editable_cities, editable_networks, roles_of, visible_roles
from networks.scoped_admin import ScopedAdmin
from networks.services import end_role, invite_to_role
from vocabularies.models import Scheme, Term

Role = RoleAssignment.Role
OFFERED_BY_COORDINATORS = (Role.CONTRIBUTOR, Role.FOCAL_POINT, Role.REVIEWER, Role.TRANSLATOR)


class InvitationForm(forms.Form):
    """What an invited person will be. Only what the actor may grant is offered."""

    email = forms.EmailField(label=gettext_lazy("E-mail address"))
    name = forms.CharField(label=gettext_lazy("Name"), max_length=150, required=False)
    language = forms.ChoiceField(label=gettext_lazy("Language of the invitation"), choices=settings.LANGUAGES)
    role = forms.ChoiceField(label=gettext_lazy("Role"))
    city = forms.ModelChoiceField(
        City.objects.none(),
        label=gettext_lazy("City"),
        required=False,
        help_text=gettext_lazy("For contributors and focal points."),
    )
    network = forms.ModelChoiceField(
        Network.objects.none(),
        label=gettext_lazy("Network"),
        required=False,
        help_text=gettext_lazy("For coordinators, reviewers and translators."),
    )
    theme = forms.ModelChoiceField(
        Term.objects.none(),
        label=gettext_lazy("Theme"),
        required=False,
        help_text=gettext_lazy("For reviewers; empty means any."),
    )
    code = forms.ChoiceField(
        label=gettext_lazy("Language of the work"),
        choices=[("", "–"), *settings.LANGUAGES],
        required=False,
        help_text=gettext_lazy("For translators, and for reviewers who read only one."),
    )

    def __init__(self, *args, actor, **kwargs):
        super().__init__(*args, **kwargs)
        self.actor = actor
        is_administrator = roles_of(actor).is_administrator
        offered = [(role.value, role.label) for role in Role if is_administrator or role in OFFERED_BY_COORDINATORS]
        self.fields["role"].choices = offered
        self.fields["city"].queryset = editable_cities(actor)
        self.fields["network"].queryset = editable_networks(actor)
        self.fields["theme"].queryset = Term.objects.in_scheme(Scheme.THEME).current()

    def clean(self):
        cleaned = super().clean()
        role = cleaned.get("role")
        needed = {
            Role.CONTRIBUTOR: ("city",),
            Role.FOCAL_POINT: ("city",),
            Role.COORDINATOR: ("network",),
            Role.TRANSLATOR: ("code",),
        }.get(role, ())
        if role in (Role.REVIEWER, Role.TRANSLATOR) and not roles_of(self.actor).is_administrator:
            needed = (*needed, "network")
        for name in needed:
            if not cleaned.get(name) and name not in self.errors:
                self.add_error(name, _("Needed for this role."))
        return cleaned

    def offer(self):
        """Invite; scopes that do not belong to the role are left out."""
        data = self.cleaned_data
        is_local = data["role"] in (Role.CONTRIBUTOR, Role.FOCAL_POINT)
        return invite_to_role(
            data["email"],
            data["role"],
            actor=self.actor,
            language=data["language"],
            name=data["name"],
            city=data["city"] if is_local else None,
            network=data["network"] if data["role"] in (Role.COORDINATOR, Role.REVIEWER, Role.TRANSLATOR) else None,
            theme=data["theme"] if data["role"] == Role.REVIEWER else None,
            code=data["code"] if data["role"] in (Role.REVIEWER, Role.TRANSLATOR) else "",
        )


@admin.register(RoleAssignment)
class RoleAssignmentAdmin(ReadOnlyMixin, ScopedAdmin, CleanAdmin):
    list_display = ["person", "role", "network", "city", "theme", "language", "granted_by", "granted_at", "ended_at"]
    list_filter = ["role", "language", ("ended_at", admin.EmptyFieldListFilter)]
    list_select_related = ["person", "network", "city", "theme", "granted_by"]
    search_fields = ["person__email", "person__name"]
    fields = ["person", "role", "network", "city", "theme", "language", "granted_by", "granted_at", "ended_at"]
    readonly_fields = fields
    actions = ["end_chosen"]
    change_list_template = "admin/networks/roleassignment/change_list.html"

    def scope(self, user):
        return visible_roles(user)

    def get_urls(self):
        view = self.admin_site.admin_view(self.invite_view)
        return [path("invite/", view, name="networks_roleassignment_invite"), *super().get_urls()]

    def invite_view(self, request):
        """Invite a person to a role."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        form = InvitationForm(request.POST or None, actor=request.user)
        if request.method == "POST" and form.is_valid() and (offer := attempt(form, form.offer)):
            self.message_user(request, _("%(email)s is invited.") % {"email": offer.invitation.email})
            return HttpResponseRedirect(reverse("admin:networks_roleassignment_changelist"))
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": _("Invite a person"),
            "form": form,
        }
        status = 422 if form.errors else 200
        request.current_app = self.admin_site.name
        return TemplateResponse(request, "admin/networks/roleassignment/invite.html", context, status=status)

    @admin.action(permissions=["view"], description=gettext_lazy("End the chosen roles"))
    def end_chosen(self, request, queryset):
        ended, refused = 0, 0
        for assignment in queryset.active().select_related("person", "network", "city"):
            try:
                end_role(assignment, actor=request.user)
                ended += 1
            except PermissionDenied:
                refused += 1
            except ValidationError as error:
                self.message_user(request, " ".join(error.messages), messages.ERROR)
        if ended:
            self.message_user(
                request, ngettext("%(count)s role is ended.", "%(count)s roles are ended.", ended) % {"count": ended}
            )
        if refused:
            text = ngettext("%(count)s role is not yours to end.", "%(count)s roles are not yours to end.", refused)
            self.message_user(request, text % {"count": refused}, messages.ERROR)
