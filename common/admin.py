"""What the admin pages of all apps share: clean fields, rich text, and one language switch for a whole form."""

from django import forms
from django.conf import settings
from django.contrib import admin
from django.contrib.admin.widgets import AdminTextareaWidget, AdminTextInputWidget
from django.db import models
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from js_asset import Media
from modeltranslation.admin import TranslationAdmin, TranslationStackedInline, TranslationTabularInline
from modeltranslation.translator import NotRegistered, translator

from common.fields import CleanTextField, LineField, RichTextField
from common.forms import RICH_TEXT_WORDS, RichTextWidget
from common.languages import current_language, direction, own_name, site_languages
from common.models import OutboxMail
from common.outbox.sending import cancel, send_again

admin.site.site_title = settings.SITE_NAME
admin.site.site_header = settings.SITE_NAME
admin.site.index_title = _("Administration")
admin.site.empty_value_display = "–"


class ChoicesWidget(forms.CheckboxSelectMultiple):
    """Boxes to tick, in columns, under one name for screen readers."""

    template_name = "admin/widgets/choices.html"
    group_label = ""

    def get_context(self, name, value, attrs):
        context = super().get_context(name, value, attrs)
        context["widget"]["group_label"] = self.group_label
        return context


class CleanFieldsMixin:
    """Fields of the text gate get fitting inputs and say how much they hold."""

    formfield_overrides = {
        LineField: {"widget": AdminTextInputWidget},
        RichTextField: {"widget": RichTextWidget},
        CleanTextField: {"widget": AdminTextareaWidget(attrs={"rows": 4})},
        models.URLField: {"assume_scheme": "https"},
    }

    def formfield_for_dbfield(self, db_field, request, **kwargs):
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        limit = getattr(db_field, "limit", None)
        if field and limit:
            at_most = ngettext("At most %(limit)s character.", "At most %(limit)s characters.", limit)
            field.help_text = field.help_text or at_most % {"limit": limit}
            field.widget.attrs["data-limit"] = limit
        return field


class CleanAdmin(CleanFieldsMixin, admin.ModelAdmin):
    """Base of the admin pages of records that are not translated."""

    class Media:
        js = ["admin-hub/names.js"]


class PlainChoicesMixin:
    """Before an admin class or an inline: no buttons beside a choice of records that add, change, show or delete one."""

    def formfield_for_dbfield(self, db_field, request, **kwargs):
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        for name in ("can_add_related", "can_change_related", "can_delete_related", "can_view_related"):
            if hasattr(getattr(field, "widget", None), name):
                setattr(field.widget, name, False)
        return field


class ReadOnlyMixin:
    """First of the bases of an admin class or an inline: records are shown and acted on, and made elsewhere.

    Who may see them is left to the other bases.
    """

    def has_add_permission(self, request, obj=None):
        return False

    def has_change_permission(self, request, obj=None):
        return False

    def has_delete_permission(self, request, obj=None):
        return False


class DecidedInListMixin:
    """First of the bases of an admin class: actions of the list decide on records, which are never edited or deleted."""

    def has_change_permission(self, request, obj=None):
        return obj is None and super().has_change_permission(request)

    def has_delete_permission(self, request, obj=None):
        return False


class TranslatedFieldsMixin(CleanFieldsMixin):
    """The inputs of each language say which one it is, to people, to screen readers and to the direction of writing."""

    def patch_translation_field(self, db_field, field, request, **kwargs):
        super().patch_translation_field(db_field, field, request, **kwargs)
        if language := getattr(db_field, "language", ""):
            field.label = f"{capfirst(db_field.translated_field.verbose_name)} ({own_name(language)})"
            field.widget.attrs |= {"lang": language, "dir": direction(language)}
            # modeltranslation asks for English wherever the field itself is required; which languages a record needs
            # is said by its translation options.
            field.required = not db_field.blank


class TranslatedStackedInline(TranslatedFieldsMixin, TranslationStackedInline):
    extra = 0


class TranslatedTabularInline(TranslatedFieldsMixin, TranslationTabularInline):
    extra = 0


class TranslatedAdmin(TranslatedFieldsMixin, TranslationAdmin):
    """Base of the admin pages of translated records."""

    change_form_template = "admin/translated_change_form.html"
    language_follows = ""
    """Name of the field that holds the record's own language, shown first."""
    counted_fields = ()
    """Translated fields that all have text where the record exists in a language; by default the first one."""

    class Media:
        css = {"all": ["admin-hub/language-switch.css"]}
        js = ["admin-hub/language-switch.js", "admin-hub/names.js"]

    def render_change_form(self, request, context, *args, **kwargs):
        context["language_switch"] = self._language_switch(context)
        context["rich_text_words"] = RICH_TEXT_WORDS
        context["media"] = Media.from_media(context["media"], nonce=request.csp_nonce)
        return super().render_change_form(request, context, *args, **kwargs)

    def _language_switch(self, context):
        names = list(self.trans_opts.all_fields)
        inline_names = [
            name
            for formset in context["inline_admin_formsets"]
            for name in translated_names(formset.opts.model)
            if name not in names
        ]
        record = context.get("original")
        own = getattr(record, self.language_follows, "") if record and self.language_follows else ""
        return {
            "languages": [(code, own_name(code), direction(code)) for code in site_languages()],
            "fields": " ".join(names),
            "all_fields": " ".join(dict.fromkeys([*names, *inline_names])),
            "counted": " ".join(self.counted_fields or names[:1]),
            "follows": self.language_follows,
            "initial": own or current_language(),
        }


def translated_names(model):
    """Names of a model's translated fields; none where it is not translated."""
    try:
        return list(translator.get_options_for_model(model).all_fields)
    except NotRegistered:
        return []


@admin.register(OutboxMail)
class OutboxMailAdmin(ReadOnlyMixin, admin.ModelAdmin):
    """What was sent and what was not, for administrators: to look at, to send again, to cancel."""

    list_display = ["subject", "recipient", "kind", "language", "state", "attempts", "last_error", "queued_at"]
    list_filter = ["state", "kind", "language"]
    search_fields = ["recipient", "subject"]
    ordering = ["-pk"]
    list_per_page = 50
    show_full_result_count = False
    fields = [
        *("subject", "recipient", "name", "language", "kind", "state", "attempts", "last_error"),
        *("queued_at", "not_before", "accepted_at", "text"),
    ]
    readonly_fields = fields
    actions = ["send_again", "cancel"]

    def has_view_permission(self, request, obj=None):
        return request.user.is_active and request.user.is_superuser

    def has_module_permission(self, request):
        return self.has_view_permission(request)

    @admin.action(permissions=["view"], description=_("Send the chosen mails again, though some may have arrived"))
    def send_again(self, request, queryset):
        count = send_again(queryset)
        told = ngettext("%(count)s mail is queued again.", "%(count)s mails are queued again.", count)
        self.message_user(request, told % {"count": count})

    @admin.action(permissions=["view"], description=_("Cancel the chosen mails that have not left"))
    def cancel(self, request, queryset):
        count = cancel(queryset)
        told = ngettext("%(count)s mail is cancelled.", "%(count)s mails are cancelled.", count)
        self.message_user(request, told % {"count": count})
