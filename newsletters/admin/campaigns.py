from django.contrib import admin, messages
from django.contrib.admin.views.main import ChangeList
from django.http import HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from common.admin import PlainChoicesMixin, TranslatedAdmin, TranslatedStackedInline
from common.languages import current_language, in_all_languages, name_in
from common.phrases import listed
from networks.rules import editable_networks
from networks.scoped_admin import ScopedAdmin, ScopedInline
from newsletters.admin.campaign_forms import BlockForm, CampaignForm
from newsletters.admin.campaign_pages import CampaignPages
from newsletters.models import Block, Campaign, CampaignStep
from newsletters.rendering import languages_of
from newsletters.services.picturing import drop_unused, pictures_of


class BlockInline(ScopedInline, TranslatedStackedInline):
    """The parts in their order; style sheets show of each what belongs to its kind."""

    model = Block
    form = BlockForm
    fields = ["position", "kind", "heading", "text", "practice", "event", "picture", "alt"]

    def has_add_permission(self, request, obj=None):
        return super().has_add_permission(request, obj) and is_open(obj)

    def has_change_permission(self, request, obj=None):
        return super().has_change_permission(request, obj) and is_open(obj)

    def has_delete_permission(self, request, obj=None):
        return super().has_delete_permission(request, obj) and is_open(obj)


def is_open(campaign):
    return campaign is None or campaign.state in Campaign.OPEN


class CampaignChangeList(ChangeList):
    """Leads to the overview of a newsletter, not to its form."""

    def url_for_result(self, result):
        return reverse("admin:newsletters_campaign_overview", args=[result.pk])


@admin.register(Campaign)
class CampaignAdmin(CampaignPages, PlainChoicesMixin, ScopedAdmin, TranslatedAdmin):
    form = CampaignForm
    change_form_template = "admin/newsletters/campaign/change_form.html"
    language_follows = "source_language"
    coordinators_may = frozenset({"view", "add", "change", "delete"})
    inlines = [BlockInline]
    list_display = ["__str__", "state", "network", "language_names", "when", "audience"]
    list_filter = ["state", ("network", admin.RelatedOnlyFieldListFilter)]
    list_select_related = ["network"]
    search_fields = in_all_languages("subject")
    search_help_text = gettext_lazy("Words of a subject in any language.")
    list_per_page = 50
    show_full_result_count = False
    fields = ["seen", "network", "source_language", "languages", "subject", "preheader", "is_public"]

    class Media:
        css = {"all": ["admin-hub/newsletters.css"]}

    # Who sees and does what

    def scope(self, user):
        return Campaign.objects.editable_by(user)

    def has_change_permission(self, request, obj=None):
        """What is sent, or being sent, stays as it is."""
        return super().has_change_permission(request, obj) and is_open(obj)

    def has_delete_permission(self, request, obj=None):
        """Only drafts: of all others the record stays."""
        may = super().has_delete_permission(request, obj)
        return may and (obj is None or (obj.state == Campaign.State.DRAFT and obj.begun_at is None))

    def get_actions(self, request):
        return {}

    def view_on_site(self, campaign):
        is_there = Campaign.objects.archived().filter(pk=campaign.pk).exists()
        return campaign.get_absolute_url() if is_there else None

    # The list

    def get_changelist(self, request, **kwargs):
        return CampaignChangeList

    @admin.display(description=gettext_lazy("languages"))
    def language_names(self, campaign):
        return listed(name_in(code, current_language()) for code in languages_of(campaign))

    @admin.display(description=gettext_lazy("when"), ordering="begun_at")
    def when(self, campaign):
        return campaign.begun_at or campaign.due_at

    # The form

    def get_form(self, request, obj=None, **kwargs):
        form = super().get_form(request, obj, **kwargs)
        form.actor = request.user
        return form

    def get_fields(self, request, obj=None):
        """The version is for the form alone."""
        return self.fields if self.has_change_permission(request, obj) else self.fields[1:]

    def get_changeform_initial_data(self, request):
        initial = super().get_changeform_initial_data(request)
        own = list(editable_networks(request.user)[:2])
        if len(own) == 1:
            initial.setdefault("network", own[0].pk)
        return {"source_language": request.LANGUAGE_CODE, "languages": [request.LANGUAGE_CODE]} | initial

    def save_model(self, request, obj, form, change):
        """The form has locked the record and compared its version."""
        if change:
            obj.version += 1
        else:
            obj.created_by = request.user
        super().save_model(request, obj, form, change)
        if not change:
            CampaignStep.objects.create(campaign=obj, action=obj.state, actor=request.user)

    def save_formset(self, request, form, formset, change):
        before = pictures_of(form.instance)
        super().save_formset(request, form, formset, change)
        drop_unused(before)

    def delete_model(self, request, obj):
        before = pictures_of(obj)
        super().delete_model(request, obj)
        drop_unused(before)

    def response_add(self, request, obj, post_url_continue=None):
        if {"_continue", "_addanother"} & set(request.POST):
            return super().response_add(request, obj, post_url_continue)
        messages.success(request, _("The newsletter is kept as a draft. Nobody gets it before you send it."))
        return HttpResponseRedirect(reverse("admin:newsletters_campaign_overview", args=[obj.pk]))

    def response_change(self, request, obj):
        if {"_continue", "_addanother"} & set(request.POST):
            return super().response_change(request, obj)
        messages.success(request, _("Your changes are saved."))
        return HttpResponseRedirect(reverse("admin:newsletters_campaign_overview", args=[obj.pk]))
