"""The public archive of newsletters, an issue in the browser, and the page through which links in mails lead."""

import re

from django.core.paginator import Paginator
from django.db.models import F
from django.http import Http404, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import translation
from django.utils.cache import patch_cache_control
from django.utils.safestring import mark_safe
from django.views.decorators.http import require_safe

from common.languages import current_language, site_languages
from common.localized import LocalizedText
from events.conditional import unless_the_same
from networks.models import Network
from newsletters.archiving import edition_for, entries, issues, networks_with_issues, parts_still_public
from newsletters.models import Campaign, Link

ON_A_PAGE = 20
AHEAD = ("prefetch", "preview", "prerender")
"""What programs say that fetch a page before somebody asks for it."""

MACHINES = re.compile(r"bot[/;:)-]|crawler|spider|scanner|barracuda|proofpoint|mimecast|imageproxy|preview")
"""Programs that say what they are. There are telephones called Cubot."""


@require_safe
@unless_the_same
def archive(request):
    slug = request.GET.get("network", "")
    network = Network.objects.filter(slug=slug[:80]).first() if slug and "\0" not in slug else None
    paginator = Paginator(issues(network), ON_A_PAGE)
    page = paginator.get_page(request.GET.get("page"))
    address = reverse("newsletters:archive")
    query = f"?network={network.slug}" if network else ""
    context = {
        "network": network,
        "networks": networks_with_issues(),
        "entries": entries(page.object_list),
        "page_number": page.number,
        "canonical": address + _paged(query, page.number),
        "feed_url": reverse("newsletters:feed") + query,
        "address": address,
        **_page_links(page, address, query),
    }
    return render(request, "newsletters/archive.html", context)


def _paged(query, number):
    if number == 1:
        return query
    return f"{query}{'&' if query else '?'}page={number}"


def _page_links(page, address, query):
    """What components/pages.html needs."""
    numbers = page.paginator.get_elided_page_range(page.number, on_each_side=2, on_ends=1)

    def url(number):
        return address + _paged(query, number)

    return {
        "pages": [
            {"number": number, "url": url(number), "is_current": number == page.number}
            if isinstance(number, int)
            else None
            for number in numbers
        ],
        "previous": url(page.previous_page_number()) if page.has_previous() else "",
        "next": url(page.next_page_number()) if page.has_next() else "",
    }


@require_safe
@unless_the_same
def issue(request, pk):
    """An issue as it was sent, in the reader's language or the first in which it was."""
    if pk > 2**62:
        raise Http404
    campaign = get_object_or_404(Campaign.objects.readable().select_related("network"), pk=pk)
    reader = current_language()
    edition = edition_for(campaign, reader)
    if edition is None:
        raise Http404
    languages = [code for code in site_languages() if code in campaign.editions.values_list("language", flat=True)]
    parts = parts_still_public(edition)
    context = {
        "campaign": campaign,
        "edition": edition,
        "title": LocalizedText(edition.subject, edition.language, edition.language != reader),
        # Rendered and cleaned when it was frozen.
        "parts": [mark_safe(part) for part in parts],
        "is_shortened": len(parts) < len(edition.parts),
        "existing": [(code, _address(campaign, code)) for code in languages],
        "canonical": _address(campaign, edition.language),
    }
    response = render(request, "newsletters/issue.html", context)
    if campaign.state == Campaign.State.CANCELLED:
        response["X-Robots-Tag"] = "noindex"
    return response


def _address(campaign, language):
    with translation.override(language):
        return campaign.get_absolute_url()


@require_safe
def click(request, uid):
    """Lead where a link of a newsletter leads, and count it. Nothing here says who followed it.

    What only looks ahead is led there too, and not counted: HEAD, prefetching browsers, scanners that say what they are.
    """
    link = get_object_or_404(Link, uid=uid)
    if request.method == "GET" and not looks_ahead(request):
        Link.objects.filter(pk=link.pk).update(clicks=F("clicks") + 1)
    response = HttpResponseRedirect(link.url)
    response["X-Robots-Tag"] = "noindex"
    patch_cache_control(response, private=True, no_store=True)
    return response


def looks_ahead(request) -> bool:
    purposes = " ".join(request.headers.get(name, "") for name in ("Purpose", "Sec-Purpose", "X-Purpose", "X-Moz"))
    program = request.headers.get("User-Agent", "").lower()
    return any(word in purposes.lower() for word in AHEAD) or bool(MACHINES.search(program))
