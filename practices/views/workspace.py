"""The first page of the workspace: my practices, what waits for me, my city."""

from functools import wraps

from django.contrib.auth.decorators import login_required
from django.contrib.auth.views import redirect_to_login
from django.http import Http404
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from common.languages import current_language
from networks.rules import roles_of
from practices import desk
from practices.conditional import versions_for
from practices.rules import writable_cities
from practices.search.catalogue import catalogue


def for_people_with_a_role(view):
    """Decorate a view of the workspace: others sign in first, and those without any role find nothing there."""

    @wraps(view)
    @never_cache
    def answer(request, *args, **kwargs):
        if not request.user.is_authenticated:
            return redirect_to_login(request.get_full_path())
        if not roles_of(request.user).has_any:
            raise Http404
        return view(request, *args, **kwargs)

    return answer


@require_safe
@never_cache
@login_required
def home(request):
    """Everybody who signs in arrives here, also those who have no role yet."""
    rows, roles = desk.my_practices(request.user), roles_of(request.user)
    may_start = writable_cities(request.user).exists()
    return render(
        request,
        "workspace/home.html",
        {
            "section": "workspace",
            "desk": "home",
            "roles": roles,
            "rows": rows,
            "waiting": desk.waiting_for(request.user, rows, catalogue(current_language(), versions_for(request)[1])),
            "comments": desk.recent_comments(request.user),
            "cities": desk.my_cities(request.user),
            "may_start": may_start,
            # Reviewers and translators of other cities' practices have none of their own to show.
            "writes": bool(rows) or may_start or not roles.has_any,
        },
    )
