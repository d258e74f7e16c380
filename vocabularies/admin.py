from django.contrib import admin
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from common.admin import TranslatedAdmin
from common.languages import in_all_languages
from vocabularies.models import Term


@admin.register(Term)
class TermAdmin(TranslatedAdmin):
    """Terms are deprecated, never deleted: records and other systems refer to them."""

    counted_fields = ("label",)
    list_display = ["label_in_admin_language", "scheme", "code", "order", "no_longer_offered"]
    list_filter = ["scheme", "deprecated"]
    search_fields = ["code", *in_all_languages("label", "synonyms")]
    ordering = ["scheme", "order", "code"]
    list_per_page = 100
    fieldsets = [
        (None, {"fields": ["scheme", "code", "label", "definition", "synonyms"]}),
        (_("Use"), {"fields": ["order", "deprecated", "alignment"]}),
    ]

    @admin.display(description=pgettext_lazy("term", "label"))
    def label_in_admin_language(self, term):
        return str(term)

    @admin.display(description=_("deprecated"), ordering="deprecated")
    def no_longer_offered(self, term):
        return "✓" if term.deprecated else ""

    def get_readonly_fields(self, request, obj=None):
        # Stored records and addresses know a term by them.
        return ["scheme", "code"] if obj else []

    def has_module_permission(self, request):
        return self.has_view_permission(request)

    def has_view_permission(self, request, obj=None):
        # Terms are public; coordinators look up what they mean, and which are no longer offered.
        return request.user.is_active and request.user.is_staff

    def has_delete_permission(self, request, obj=None):
        return False
