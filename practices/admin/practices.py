from django.contrib import admin, messages
from django.contrib.admin.views.main import ChangeList
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.urls import reverse
from django.utils.html import format_html_join
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, ngettext_lazy, pgettext_lazy

from common.admin import (
    ChoicesWidget,
    TranslatedAdmin,
    TranslatedStackedInline,
    TranslatedTabularInline,
    translated_names,
)
from common.exporting import ExportAdmin
from common.languages import in_all_languages, own_name
from common.phrases import listed
from common.templatetags.hub import day
from networks.scoped_admin import ScopedAdmin, ScopedInline
from practices import services
from practices.admin.filters import ExistsInFilter, ImportFilter, ReviewFilter
from practices.admin.forms import DocumentFormSet, ImageFormSet, PracticeForm, RankedThemeFormSet, ThemeForm
from practices.comparing import label_of
from practices.exports import practice_table
from practices.imports.jobs import may_import
from practices.models import (
    Practice,
    PracticeDocument,
    PracticeImage,
    PracticeLink,
    PracticeTheme,
    PracticeVersion,
)

TOLD_AT_MOST = 10
LISTED_TEXTS = {"title", "summary"}
UNLISTED_TEXTS = [name for name in translated_names(Practice) if name not in LISTED_TEXTS]
"""What the list of practices does not load."""


class ThemeInline(ScopedInline, admin.StackedInline):
    """The terms are chosen, not edited, here."""

    model = PracticeTheme
    form = ThemeForm
    formset = RankedThemeFormSet
    template = "admin/practices/practice/themes.html"
    fields = ["theme"]
    min_num = max_num = services.REQUIRED_LISTS["themes"]
    extra = 0
    can_delete = False
    stands_with_subjects = True


class ImageInline(ScopedInline, TranslatedStackedInline):
    model = PracticeImage
    formset = ImageFormSet
    fields = ["file", "alt_text", "caption", "credit", "licence", "has_consent", "order"]


class DocumentInline(ScopedInline, TranslatedStackedInline):
    model = PracticeDocument
    formset = DocumentFormSet
    fields = ["file", "language", "title", "order"]


class LinkInline(ScopedInline, TranslatedTabularInline):
    model = PracticeLink
    fields = ["url", "title", "order"]


class PracticeChangeList(ChangeList):
    def get_queryset(self, *args, **kwargs):
        unlisted = [*UNLISTED_TEXTS, *in_all_languages(*UNLISTED_TEXTS)]
        queryset = super().get_queryset(*args, **kwargs).select_related("city").prefetch_related("networks")
        return queryset.rewrite(False).defer(*unlisted)


@admin.register(Practice)
class PracticeAdmin(ScopedAdmin, ExportAdmin, TranslatedAdmin):
    form = PracticeForm
    change_form_template = "admin/practices/practice/change_form.html"
    language_follows = "source_language"
    counted_fields = ("title", "summary")
    inlines = [ThemeInline, ImageInline, DocumentInline, LinkInline]
    list_display = ["__str__", "status", "source_language", "city", "network_names", "exists_in", "published_on"]
    list_filter = [
        "status",
        ReviewFilter,
        ("networks", admin.RelatedOnlyFieldListFilter),
        "source_language",
        ExistsInFilter,
        "visibility",
        "assurance",
        ImportFilter,
    ]
    search_fields = [*in_all_languages("title"), "external_id"]
    search_help_text = gettext_lazy("Words of a title in any language, or an external id.")
    ordering = ["-pk"]
    list_per_page = 50
    show_full_result_count = False
    actions = ["publish_selected", "archive_selected", "confirm_selected", *ExportAdmin.actions]
    autocomplete_fields = ["city", "networks", "lead_organisation", "partners"]
    readonly_fields = [
        "version",
        "created_by",
        "created_at",
        "updated_at",
        "published_at",
        "confirmed_on",
        "review_due_on",
    ]
    radio_fields = {"status": admin.HORIZONTAL}
    fieldsets = [
        (None, {"fields": ["status", "source_language", "title", "summary"]}),
        (
            gettext_lazy("The story"),
            {"fields": ["challenge", "description", "results", "lessons_learned", "what_did_not_work"]},
        ),
        (
            gettext_lazy("Advice and care"),
            {"fields": ["advice_keep", "advice_change", "gender_and_inclusion", "harm_statement"]},
        ),
        (
            gettext_lazy("Who and where"),
            {
                "fields": [
                    "city",
                    "location_precision",
                    "geographic_scope",
                    "networks",
                    "lead_organisation",
                    "partners",
                    "contact_email",
                ]
            },
        ),
        (
            gettext_lazy("What it is about"),
            {
                "classes": ["subjects"],
                "fields": ["approaches", "beneficiaries", "delivered_by", "prevention_level"],
            },
        ),
        (
            gettext_lazy("Time and means"),
            {
                "fields": [
                    "lifecycle",
                    ("starts_on", "ends_on"),
                    "budget_band",
                    ("budget_amount", "budget_currency"),
                    "staff_fte",
                    "funding_sources",
                    "eu_programme",
                ]
            },
        ),
        (
            gettext_lazy("How well it works, and for whom else"),
            {
                "fields": [
                    "evidence_level",
                    "evaluation_outcome",
                    "evaluator",
                    "assurance",
                    "transferability",
                    "prerequisites",
                ]
            },
        ),
        (
            gettext_lazy("The record"),
            {
                "classes": ["collapse"],
                "fields": [
                    "visibility",
                    "licence",
                    "external_source",
                    "external_id",
                    "version",
                    "created_by",
                    "created_at",
                    "updated_at",
                    "published_at",
                    "confirmed_on",
                    "review_due_on",
                ],
            },
        ),
    ]

    # Who sees and does what

    coordinators_may = frozenset({"view", "change"})

    def scope(self, user):
        return Practice.objects.decided_by(user)

    def view_on_site(self, practice):
        return practice.get_absolute_url()

    def get_queryset(self, request):
        # For an event a practice is chosen from all that the coordinator may read.
        if request.path == reverse("admin:autocomplete"):
            return Practice.objects.visible_to(request.user)
        return super().get_queryset(request)

    # The list

    def changelist_view(self, request, extra_context=None):
        return super().changelist_view(request, {"may_import": may_import(request.user)} | (extra_context or {}))

    def get_changelist(self, request, **kwargs):
        return PracticeChangeList

    change_list_template = "admin/practices/practice/change_list.html"
    export_explained = gettext_lazy(
        "All languages stand in columns of their own, and choices as codes. The import reads the file again. It holds "
        "the contact mailboxes, so keep it as you keep those."
    )

    def table(self, ids, actor):
        return practice_table(ids, actor=actor)

    @admin.display(description=gettext_lazy("networks"))
    def network_names(self, practice):
        return listed(practice.networks.all())

    @admin.display(description=gettext_lazy("exists in"))
    def exists_in(self, practice):
        return format_html_join(
            " ", '<span title="{}">{}</span>', ((own_name(code), code) for code in practice.languages)
        )

    @admin.display(description=pgettext_lazy("date", "published"), ordering="published_at")
    def published_on(self, practice):
        return day(practice.published_at)

    # The form

    def get_form(self, request, obj=None, **kwargs):
        form = super().get_form(request, obj, **kwargs)
        form.actor = request.user
        return form

    def formfield_for_manytomany(self, db_field, request, **kwargs):
        if "scheme" in db_field.get_limit_choices_to():
            kwargs["widget"] = ChoicesWidget()
        return super().formfield_for_manytomany(db_field, request, **kwargs)

    def save_model(self, request, obj, form, change):
        if change:
            services.keep_former([obj.pk])
        else:
            obj.created_by = request.user
        # Publishing is the service's work, once the relations it asks for are stored.
        form.is_to_be_published = (
            obj.status == Practice.Status.PUBLISHED and form.initial.get("status") != Practice.Status.PUBLISHED
        )
        if form.is_to_be_published:
            obj.status = form.initial.get("status") or Practice.Status.DRAFT
        super().save_model(request, obj, form, change)

    def save_formset(self, request, form, formset, change):
        if not isinstance(formset, RankedThemeFormSet):
            super().save_formset(request, form, formset, change)
            return
        formset.save_ranked()

    def save_related(self, request, form, formsets, change):
        with transaction.atomic():
            super().save_related(request, form, formsets, change)
            if change:
                services.record_edit(form.instance, actor=request.user)
            else:
                services.keep_version(form.instance, PracticeVersion.Cause.EDITED, actor=request.user)
            if form.is_to_be_published:
                services.publish(form.instance, actor=request.user)

    def delete_model(self, request, obj):
        services.delete([obj], actor=request.user)

    def delete_queryset(self, request, queryset):
        services.delete(queryset, actor=request.user)

    # Actions

    @admin.action(permissions=["change"], description=gettext_lazy("Publish the chosen practices"))
    def publish_selected(self, request, queryset):
        told = ngettext_lazy("%(count)s practice is public now.", "%(count)s practices are public now.", "count")
        self._apply(request, queryset, services.publish, told)

    @admin.action(permissions=["change"], description=gettext_lazy("Archive the chosen practices"))
    def archive_selected(self, request, queryset):
        told = ngettext_lazy("%(count)s practice is archived.", "%(count)s practices are archived.", "count")
        self._apply(request, queryset, services.archive, told)

    @admin.action(permissions=["change"], description=gettext_lazy("Confirm that the chosen practices still hold"))
    def confirm_selected(self, request, queryset):
        told = ngettext_lazy("%(count)s practice is confirmed.", "%(count)s practices are confirmed.", "count")
        self._apply(request, queryset, services.confirm, told)

    def _apply(self, request, queryset, verb, told):
        done = self._each(request, queryset, verb)
        if done:
            self.message_user(request, told % {"count": done}, messages.SUCCESS)

    def _each(self, request, queryset, verb):
        """Apply a service to each practice by itself; returns for how many it worked and tells why not for others."""
        failures, done = [], 0
        for practice in queryset:
            try:
                verb(practice, actor=request.user)
                done += 1
            except ValidationError as error:
                fields = listed(label_of(name) for name in error.message_dict)
                text = _("“%(practice)s” was left as it is. Needed for publication: %(fields)s.")
                failures.append(text % {"practice": practice, "fields": fields})
            except PermissionDenied:
                failures.append(_("“%(practice)s” is not yours to change.") % {"practice": practice})
        for text in failures[:TOLD_AT_MOST]:
            self.message_user(request, text, messages.ERROR)
        rest = len(failures) - TOLD_AT_MOST
        if rest > 0:
            text = ngettext("And %(count)s more was left as it is.", "And %(count)s more were left as they are.", rest)
            self.message_user(request, text % {"count": rest}, messages.ERROR)
        return done
