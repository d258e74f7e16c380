"""The page on which hosts of an event ask other networks to host it too, and leave it."""

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from common.languages import current_language
from common.localized import proper_name
from common.ordering import sort_key
from events.admin.refusals import attempt
from events.models import CoHostInvitation
from events.rules import COHOSTING_OPEN, may_answer_for
from events.services import cohosting
from networks.models import Network


class AskNetworkForm(forms.Form):
    """A network that is neither host nor asked."""

    network = forms.ModelChoiceField(Network.objects.none(), label=gettext_lazy("Network"))
    message = forms.CharField(
        label=gettext_lazy("Message to its coordinators"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 3, "dir": "auto"}),
    )

    def __init__(self, event, *args, **kwargs):
        super().__init__(*args, **kwargs)
        asked = event.cohost_invitations.filter(state=CoHostInvitation.State.ASKED).values("network")
        field, language = self.fields["network"], current_language()
        field.queryset = Network.objects.exclude(pk__in=event.networks.values("pk")).exclude(pk__in=asked)
        named = [(network.pk, proper_name(network, language) or network.slug) for network in field.queryset]
        field.choices = [("", "–"), *sorted(named, key=lambda pair: sort_key(pair[1], language))]

    def clean_message(self):
        return CoHostInvitation._meta.get_field("message").clean(self.cleaned_data["message"], None)


class CoHostPage:
    """Mixin before the admin class of events."""

    def get_urls(self):
        view = self.admin_site.admin_view(self.cohosts_view)
        return [path("<int:pk>/cohosts/", view, name="events_event_cohosts"), *super().get_urls()]

    def cohosts_view(self, request, pk):
        event = self._event(request, pk)
        form = AskNetworkForm(event, request.POST if request.POST.get("do") == "ask" else None)
        if request.method == "POST":
            done = self._ask(request, event, form) if form.is_bound else self._end(request, event)
            if done:
                return done
        hosts = list(event.networks.all())
        for network in hosts:
            network.may_leave = len(hosts) > 1 and may_answer_for(request.user, network)
        context = {
            **self._context(request, event, _("Hosts of the event")),
            "hosts": hosts,
            "invitations": list(event.cohost_invitations.select_related("network", "asked_by", "closed_by")),
            "form": form if event.status in COHOSTING_OPEN else None,
        }
        template = "admin/events/event/cohosts.html"
        return TemplateResponse(request, template, context, status=422 if form.errors else 200)

    def _ask(self, request, event, form):
        if not form.is_valid():
            return None
        attempt(form, lambda: cohosting.ask_network(event, actor=request.user, **form.cleaned_data))
        if form.errors:
            return None
        asked = form.cleaned_data["network"]
        messages.success(request, _("%(network)s is asked: its coordinators get a mail.") % {"network": asked})
        return HttpResponseRedirect(request.path)

    def _end(self, request, event):
        """Take an invitation back, or leave the event; back to the list where one does not run it any more."""
        number = request.POST.get("of", "")
        number = int(number) if number.isdecimal() and len(number) < 12 else 0
        try:
            if request.POST.get("do") == "withdraw":
                invitation = event.cohost_invitations.filter(pk=number).first()
                if invitation:
                    cohosting.withdraw_invitation(invitation, actor=request.user)
                    messages.success(request, _("The invitation is withdrawn."))
            elif request.POST.get("do") == "leave":
                network = event.networks.filter(pk=number).first()
                if network:
                    cohosting.leave_cohosting(event, network, actor=request.user)
                    messages.success(request, _("%(network)s is no host any more.") % {"network": network})
        except ValidationError as error:
            messages.error(request, " ".join(error.messages))
        if not self.get_queryset(request).filter(pk=event.pk).exists():
            return HttpResponseRedirect(reverse("admin:events_event_changelist"))
        return HttpResponseRedirect(request.path)
