"""Pictures of newsletters: for anyone once one with it is sent, before that for those who write it or got a test."""

from types import SimpleNamespace

from django.http import Http404
from django.views.decorators.http import require_safe

from newsletters.models import Block, Campaign
from newsletters.services.testing import opens_picture
from practices.views.files import file_answer


@require_safe
def picture(request, path):
    if "\x00" in path:
        raise Http404  # PostgreSQL refuses to look for it.
    blocks = Block.objects.filter(picture=path).select_related("campaign")
    public = blocks.filter(campaign__begun_at__isnull=False).first()
    mine = Campaign.objects.editable_by(request.user)
    is_tested = opens_picture(request.GET.get("key", "")[:500], path)
    block = public or (blocks if is_tested else blocks.filter(campaign__in=mine)).first()
    if block is None:
        raise Http404
    response = file_answer(SimpleNamespace(file=block.picture), is_public=public is not None)
    if public or is_tested:
        # Mail in the browser stands on other sites.
        response["Cross-Origin-Resource-Policy"] = "cross-origin"
    return response
