"""The pages of one newsletter beside its form: overview, preview, report, and what is found for its blocks."""

from csp.constants import SELF
from csp.decorators import csp_update
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import Q
from django.http import Http404, HttpResponse, HttpResponseRedirect, JsonResponse
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.views.decorators.clickjacking import xframe_options_sameorigin

from common.addresses import absolute
from common.languages import direction, in_all_languages, own_name
from common.refusals import attempt
from newsletters.admin.campaign_doing import RETRY, TEST, button_named
from newsletters.admin.campaign_forms import PUBLIC
from newsletters.admin.campaign_overview import overview, report
from newsletters.frames import preferences_address
from newsletters.rendering import languages_of
from newsletters.services.testing import hidden_blocks, shown

FOUND_AT_ONCE = 20
OF_THE_MAIL = (
    "default-src 'none'; img-src 'self' data:; style-src 'unsafe-inline'; frame-ancestors 'self'; "
    "sandbox allow-same-origin"
)
"""A mail brings its styles with it. Nothing runs in it; its pictures are ours, and may be shown before it is sent."""


class CampaignPages:
    """Mixin before the admin class of newsletters. Each page asks `get_queryset`, so a foreign one answers 404."""

    def get_urls(self):
        def page(route, view, name):
            return path(route, self.admin_site.admin_view(view), name=f"newsletters_campaign_{name}")

        return [
            page("find/", self.find_view, "find"),
            page("<int:pk>/overview/", self.overview_view, "overview"),
            page("<int:pk>/report/", self.report_view, "report"),
            page("<int:pk>/preview/<str:language>/", csp_update({"frame-src": [SELF]})(self.preview_view), "preview"),
            page("<int:pk>/preview/<str:language>/mail/", self.mail_view, "mail"),
            *super().get_urls(),
        ]

    def _campaign(self, request, pk):
        campaign = self.get_queryset(request).filter(pk=pk).select_related("network").first()
        if campaign is None or not self.has_view_permission(request, campaign):
            raise Http404
        return campaign

    def _context(self, request, campaign, title):
        request.current_app = self.admin_site.name
        return {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": title,
            "subtitle": None,
            "campaign": campaign,
            "languages": [(code, own_name(code), direction(code)) for code in languages_of(campaign)],
            "list_address": reverse("admin:newsletters_campaign_changelist"),
        }

    # Overview and report

    def overview_view(self, request, pk):
        campaign = self._campaign(request, pk)
        bound = self._act(request, campaign)
        if isinstance(bound, HttpResponseRedirect):
            return bound
        context = self._context(request, campaign, str(campaign)) | overview(campaign, bound)
        context["on_site"] = self.view_on_site(campaign)
        status = 422 if bound else 200
        return TemplateResponse(request, "admin/newsletters/campaign/overview.html", context, status=status)

    def report_view(self, request, pk):
        campaign = self._campaign(request, pk)
        bound = self._act(request, campaign)
        if isinstance(bound, HttpResponseRedirect):
            return bound
        title = _("Report: %(subject)s") % {"subject": campaign}
        context = self._context(request, campaign, title) | report(campaign, request.GET, bound)
        status = 422 if bound else 200
        return TemplateResponse(request, "admin/newsletters/campaign/report.html", context, status=status)

    def _act(self, request, campaign):
        """Do what was posted, if anything was: returns a redirection, (button, form) where it was refused, or None."""
        if request.method != "POST":
            return None
        button = button_named(request.POST.get("do", ""))
        if button is None or not button.is_possible(campaign):
            messages.error(request, _("This is not possible any more: the newsletter has changed meanwhile."))
            return HttpResponseRedirect(request.get_full_path())
        form = button.form(campaign, request.POST)
        if form.is_valid():
            attempt(form, lambda: button.run(campaign, form.cleaned_data, actor=request.user))
        if form.errors:
            return button, form
        if button is TEST:
            messages.success(request, _("The mail is on its way to %(address)s.") % {"address": request.user.email})
        else:
            self.log_change(request, campaign, str(button.label))
            messages.success(request, _("Done: %(what)s.") % {"what": button.label})
        name = "report" if button is RETRY else "overview"
        return HttpResponseRedirect(reverse(f"admin:newsletters_campaign_{name}", args=[campaign.pk]))

    # Preview

    def preview_view(self, request, pk, language):
        campaign = self._campaign(request, pk)
        mail = self._mail(campaign, language)
        address = preferences_address(language)
        context = self._context(request, campaign, _("Preview: %(subject)s") % {"subject": campaign}) | {
            "mail": mail,
            "words": mail.text.replace(address, "–"),
            "kilobytes": -(-mail.size // 1000),
            "is_shortened": hidden_blocks(campaign).exists(),
            "shown_language": language,
            "shown_direction": direction(language),
        }
        return TemplateResponse(request, "admin/newsletters/campaign/preview.html", context)

    @method_decorator(xframe_options_sameorigin)
    def mail_view(self, request, pk, language):
        """The mail alone, for the frames of the preview."""
        mail = self._mail(self._campaign(request, pk), language)
        page = mail.html.replace(preferences_address(language), "#").replace(f'src="{absolute("/")}', 'src="/')
        response = HttpResponse(page)
        response["Content-Security-Policy"] = OF_THE_MAIL
        return response

    @staticmethod
    def _mail(campaign, language):
        if language not in languages_of(campaign):
            raise Http404
        return shown(campaign, language)

    # What is found for the blocks

    def find_view(self, request):
        """Public practices or events whose title, in any language, has the words; as Django's own widget reads it."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        model = PUBLIC.get(request.GET.get("field_name"))
        if model is None:
            return JsonResponse({"results": [], "pagination": {"more": False}})
        records = model.objects.public().order_by("-pk")
        for word in request.GET.get("term", "").replace("\0", "")[:100].split()[:6]:
            has_word = Q()
            for column in in_all_languages("title"):
                has_word |= Q(**{f"{column}__icontains": word})
            records = records.filter(has_word)
        page = Paginator(records, FOUND_AT_ONCE).get_page(request.GET.get("page"))
        results = [{"id": str(record.pk), "text": str(record)} for record in page.object_list]
        return JsonResponse({"results": results, "pagination": {"more": page.has_next()}})
