"""Who gets what: looked at, taken away as a file, and asked by import; changed by the people themselves alone."""

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from common.admin import CleanAdmin, ReadOnlyMixin
from common.exporting import ExportAdmin
from common.languages import current_language
from common.text import clean_line
from networks.models import Network
from networks.rules import editable_networks, roles_of
from networks.scoped_admin import ScopedAdmin
from newsletters.exports import subscription_table
from newsletters.models import ConsentEvent, SavedSearch, Subscriber, Subscription
from newsletters.rules import visible_subscriptions
from newsletters.services.forgetting import erase
from newsletters.services.importing import MOST, import_addresses

LONGEST_FILE = 200_000
MOST_ERASED = 200
"""People erased at a time: the page that asks names each and has a field for each, and each takes a moment."""


class AdministratorsOnly:
    """Mixin before an admin class of what concerns all networks."""

    def has_view_permission(self, request, obj=None):
        return roles_of(request.user).is_administrator

    def has_module_permission(self, request):
        return self.has_view_permission(request)


class _Inline(ReadOnlyMixin, AdministratorsOnly, admin.TabularInline):
    extra = 0
    show_change_link = False


class SubscriptionInline(_Inline):
    model = Subscription
    fields = readonly_fields = ["channel", "network", "frequency", "state", "state_at", "paused_until"]

    def get_queryset(self, request):
        return super().get_queryset(request).select_related("network", "subscriber")


class SavedSearchInline(_Inline):
    model = SavedSearch
    fields = readonly_fields = ["label", "query", "created_at"]


class ConsentInline(_Inline):
    model = ConsentEvent
    fields = readonly_fields = ["at", "action", "way", "version", "language", "text", "note", "actor"]

    def get_queryset(self, request):
        return super().get_queryset(request).select_related("actor", "subscriber")


@admin.register(Subscriber)
class SubscriberAdmin(AdministratorsOnly, ReadOnlyMixin, CleanAdmin):
    """For administrators: what is known of an address, with the proof of each yes and no."""

    inlines = [SubscriptionInline, SavedSearchInline, ConsentInline]
    list_display = ["__str__", "languages", "confirmed_at", "bounce_score", "created_at", "erased_at"]
    list_filter = [("confirmed_at", admin.EmptyFieldListFilter), ("erased_at", admin.EmptyFieldListFilter)]
    search_fields = ["email"]
    fields = readonly_fields = [
        *("email", "languages", "time_zone", "person", "confirmed_at", "reminded_at", "bounce_score", "bounced_on"),
        *("created_at", "erased_at"),
    ]
    list_per_page = 50
    show_full_result_count = False
    actions = ["erase_chosen"]

    @admin.action(permissions=["view"], description=gettext_lazy("Erase the chosen people for good"))
    def erase_chosen(self, request, queryset):
        """Asks first: what is erased does not come back."""
        found = list(queryset.filter(erased_at=None)[: MOST_ERASED + 1])
        if len(found) > MOST_ERASED:
            told = _("At most %(most)s people at a time: choose fewer. Nobody was erased.")
            messages.error(request, told % {"most": MOST_ERASED})
            return None
        if "confirmed" not in request.POST:
            return self._asked_again(request, found)
        for subscriber in found:
            erase(subscriber, way=ConsentEvent.Way.COORDINATOR, actor=request.user)
            subscriber.refresh_from_db()
            self.log_change(request, subscriber, _("Erased for good"))
        told = ngettext("%(count)s person is erased.", "%(count)s people are erased.", len(found))
        messages.success(request, told % {"count": len(found)})
        return None

    def _asked_again(self, request, found):
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": _("Erase the chosen people for good"),
            "people": found,
            "checkbox": ACTION_CHECKBOX_NAME,
        }
        request.current_app = self.admin_site.name
        return TemplateResponse(request, "admin/newsletters/subscriber/erase.html", context)


class ImportForm(forms.Form):
    """Addresses, and where they come from."""

    network = forms.ModelChoiceField(Network.objects.none(), label=gettext_lazy("Newsletter of"))
    file = forms.FileField(
        label=gettext_lazy("CSV file"),
        required=False,
        widget=forms.FileInput(attrs={"accept": ".csv,.txt"}),
        help_text=gettext_lazy("One address in each line, or a column “email” and, if you like, one “language”."),
    )
    pasted = forms.CharField(
        label=gettext_lazy("Or paste addresses"), required=False, widget=forms.Textarea({"rows": 6, "dir": "ltr"})
    )
    language = forms.ChoiceField(label=gettext_lazy("Language of the mail"), choices=settings.LANGUAGES)
    source = forms.CharField(
        label=gettext_lazy("Where do the addresses come from?"),
        max_length=300,
        help_text=gettext_lazy("When and how these people said that they want this. They read it in the mail."),
    )

    def __init__(self, *args, actor, **options):
        super().__init__(*args, **options)
        self.fields["network"].queryset = editable_networks(actor)
        self.fields["language"].initial = current_language()
        if roles_of(actor).is_administrator:
            self.fields["network"].required = False
            self.fields["network"].empty_label = settings.SITE_NAME

    def clean_file(self):
        upload = self.cleaned_data["file"]
        if not upload:
            return ""
        if upload.size > LONGEST_FILE:
            raise ValidationError(_("At most %(most)s addresses at a time.") % {"most": MOST})
        content = upload.read()
        try:
            return content.decode("utf-8-sig")
        except UnicodeDecodeError:
            return content.decode("cp1252", errors="replace")

    def clean_source(self):
        return clean_line(self.cleaned_data["source"])

    def clean(self):
        cleaned = super().clean()
        if not (cleaned.get("file") or cleaned.get("pasted")) and "file" not in self.errors:
            self.add_error("pasted", _("Choose a file, or paste addresses."))
        return cleaned

    def ask(self, actor):
        data = self.cleaned_data
        return import_addresses(
            data["file"] or data["pasted"],
            **{name: data[name] for name in ("network", "language", "source")},
            actor=actor,
        )


@admin.register(Subscription)
class SubscriptionAdmin(ReadOnlyMixin, ScopedAdmin, ExportAdmin, CleanAdmin):
    """Coordinators see who gets their newsletter, administrators all."""

    change_list_template = "admin/newsletters/subscription/change_list.html"
    list_display = ["address", "channel", "network", "frequency", "state", "state_at", "paused_until"]
    list_display_links = None
    # By an index there is; what has none, as the time of the state, would sort the whole table for one page.
    sortable_by = ["address"]
    list_filter = ["channel", "state", ("network", admin.RelatedOnlyFieldListFilter)]
    list_select_related = ["subscriber", "network"]
    search_fields = ["subscriber__email"]
    ordering = ["-pk"]
    list_per_page = 50
    show_full_result_count = False
    export_explained = gettext_lazy(
        "The file has addresses, so keep it well, use it for this newsletter alone and delete it afterwards. Whoever "
        "leaves after today is still in it."
    )

    @admin.display(description=gettext_lazy("e-mail address"), ordering="subscriber__email")
    def address(self, row):
        return str(row.subscriber)

    def scope(self, user):
        return visible_subscriptions(user)

    def has_view_permission(self, request, obj=None):
        # Rows show people: none of them has a page of its own.
        return obj is None and super().has_view_permission(request)

    def table(self, ids, actor):
        return subscription_table(ids)

    def lookup_allowed(self, lookup, value, request=None):
        """By what the page offers alone: a filter in the address must not find out more of a person."""
        return lookup.split("__")[0] in {"channel", "state", "network"} and super().lookup_allowed(
            lookup, value, request
        )

    def get_urls(self):
        view = self.admin_site.admin_view(self.import_view)
        return [path("import/", view, name="newsletters_subscription_import"), *super().get_urls()]

    def import_view(self, request):
        """Ask many addresses at once whether they want a newsletter."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        form = ImportForm(request.POST or None, request.FILES or None, actor=request.user)
        if request.method == "POST" and form.is_valid():
            try:
                return self._imported(request, form.ask(request.user))
            except ValidationError as error:
                form.add_error("file" if form.cleaned_data["file"] else "pasted", error)
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": _("Ask people whether they want a newsletter"),
            "form": form,
        }
        request.current_app = self.admin_site.name
        status = 422 if form.errors else 200
        return TemplateResponse(request, "admin/newsletters/subscription/import.html", context, status=status)

    def _imported(self, request, outcome):
        told = ngettext("%(count)s person is asked by mail.", "%(count)s people are asked by mail.", outcome.asked)
        messages.success(request, told % {"count": outcome.asked})
        if outcome.left_out:
            told = ngettext(
                "%(count)s address was left out: subscribed already, asked before, or not to be written to.",
                "%(count)s addresses were left out: subscribed already, asked before, or not to be written to.",
                outcome.left_out,
            )
            messages.info(request, told % {"count": outcome.left_out})
        for line, problem in outcome.problems[:20]:
            messages.warning(request, _("Line %(line)s: %(problem)s") % {"line": line, "problem": problem})
        return HttpResponseRedirect(reverse("admin:newsletters_subscription_changelist"))
