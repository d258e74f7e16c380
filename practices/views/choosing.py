"""What the fields with very many choices offer while somebody types."""

from django.http import JsonResponse
from django.views.decorators.http import require_safe

from accounts.limits import too_often
from common.text import clean_line
from practices.forms.names import Cities, Organisations
from practices.views.keeping import not_now
from practices.views.workspace import for_people_with_a_role


@require_safe
@for_people_with_a_role
def organisations(request):
    return _matching(request, Organisations)


@require_safe
@for_people_with_a_role
def cities(request):
    return _matching(request, Cities(request.user))


def _matching(request, register):
    if too_often(request, "writing_lookup"):
        return not_now(request)
    typed = clean_line(request.GET.get("q", ""))[:100]
    return JsonResponse({"names": register.matching(typed, request.user) if len(typed) >= 2 else []})
