"""One practice in other forms than its page: JSON for other systems, PDF to print."""

from django.http import HttpResponse, HttpResponsePermanentRedirect
from django.views.decorators.http import require_safe
from rest_framework.renderers import JSONRenderer

from common.languages import current_language
from practices.conditional import unless_unchanged
from practices.documents import practice_address, practice_pdf, practice_record
from practices.models import Practice
from practices.models.practice import practice_slug
from practices.views.detail import missing


@require_safe
@unless_unchanged
def detail_json(request, pk, slug):
    """The same record as the API's, in the language of the address."""

    def render(practice):
        return HttpResponse(JSONRenderer().render(practice_record(practice)), content_type="application/json")

    return _answer(request, pk, slug, "practices:json", render)


@require_safe
@unless_unchanged
def detail_pdf(request, pk, slug):
    def render(practice):
        response = HttpResponse(practice_pdf(practice), content_type="application/pdf")
        response["Content-Disposition"] = f'inline; filename="practice-{practice.pk}-{current_language()}.pdf"'
        return response

    return _answer(request, pk, slug, "practices:pdf", render)


def _answer(request, pk, slug, name, render):
    """The practice in a form, for those who may see its page; an outdated address leads to the present one."""
    visible = Practice.objects.visible_to(request.user).select_related("city", "lead_organisation")
    practice = visible.filter(pk=pk).first()
    if practice is None:
        return missing(request, pk)
    if slug != practice_slug(str(practice)):
        return HttpResponsePermanentRedirect(practice_address(practice, current_language(), name))
    return render(practice)
