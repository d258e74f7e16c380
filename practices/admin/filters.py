from django.conf import settings
from django.contrib import admin
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from practices.models import ImportJob


class ExistsInFilter(admin.SimpleListFilter):
    """Practices that have title and summary in a language, or lack them."""

    title = _("exists in")
    parameter_name = "exists_in"

    def lookups(self, request, model_admin):
        missing = [(f"-{code}", _("not in %(language)s") % {"language": name}) for code, name in settings.LANGUAGES]
        return [*settings.LANGUAGES, *missing]

    def queryset(self, request, queryset):
        code = (self.value() or "").removeprefix("-")
        if code not in dict(settings.LANGUAGES):
            return queryset
        exists = {f"title_{code}__gt": "", f"summary_{code}__gt": ""}
        if not self.value().startswith("-"):
            return queryset.filter(**exists)
        return queryset.exclude(pk__in=queryset.model.objects.filter(**exists).values("pk"))


class ReviewFilter(admin.SimpleListFilter):
    title = _("review")
    parameter_name = "review"

    def lookups(self, request, model_admin):
        return [("due", _("Due"))]

    def queryset(self, request, queryset):
        return queryset.filter(review_due_on__lte=timezone.localdate()) if self.value() == "due" else queryset


class ImportFilter(admin.SimpleListFilter):
    """The practices of one import, shown while it is asked for."""

    title = _("import")
    parameter_name = "import"

    def lookups(self, request, model_admin):
        job = self._job(request, request.GET.get(self.parameter_name))
        return [(str(job.pk), job.name)] if job else []

    def queryset(self, request, queryset):
        job = self._job(request, self.value())
        return queryset.filter(pk__in=job.practice_ids) if job else queryset

    def _job(self, request, number):
        if not (number or "").isdecimal() or len(number) > 9:
            return None
        return ImportJob.objects.visible_to(request.user).filter(pk=number).first()
