"""The first page of the workspace: my practices, what waits for me, my city."""

from functools import wraps

from django.contrib.auth.views import redirect_to_login
from django.http import Http404
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from networks.rules import roles_of
from practices import desk
from practices.rules import writable_cities


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
@for_people_with_a_role
def home(request):
    rows = desk.my_practices(request.user)
    return render(
        request,
        "workspace/home.html",
        {
            "section": "workspace",
            "desk": "home",
            "roles": roles_of(request.user),
            "rows": rows,
            "waiting_changes": desk.waiting_changes(rows),
            # Lists of `desk.Waiting`, filled by those who review and translate.
            "waiting_reviews": [],
            "waiting_translations": [],
            "decisions": desk.waiting_decisions(request.user),
            "assignments": desk.waiting_assignments(request.user),
            "comments": desk.recent_comments(request.user),
            "cities": desk.my_cities(request.user),
            "may_start": writable_cities(request.user).exists(),
        },
    )
