"""What became of each mail, for administrators. Bodies are not shown: they hold links that sign people in."""

from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, ngettext_lazy

from common.admin import CleanAdmin
from common.models import OutboxMail
from common.outbox import services
from common.outbox.kinds import label_of

SHOWN = 100
"""Mails that the question before sending again lists by name."""


@admin.register(OutboxMail)
class OutboxMailAdmin(CleanAdmin):
    list_display = [
        "recipient",
        "subject",
        "kind_label",
        "state",
        "attempts",
        "last_error",
        "created_at",
        "accepted_at",
    ]
    list_filter = ["state", "kind", "language"]
    search_fields = ["recipient", "subject"]
    date_hierarchy = "created_at"
    ordering = ["-pk"]
    list_per_page = 50
    show_full_result_count = False
    actions = ["send_again_selected", "cancel_selected"]
    fields = [
        "recipient",
        "name",
        "person",
        "language",
        "subject",
        "kind_label",
        "state",
        "attempts",
        "last_error",
        "not_before",
        "next_attempt_at",
        "created_at",
        "accepted_at",
    ]

    # Who sees and does what

    def has_module_permission(self, request):
        return services.may_administer(request.user)

    def has_view_permission(self, request, obj=None):
        return services.may_administer(request.user)

    def has_send_permission(self, request):
        return services.may_administer(request.user)

    def has_add_permission(self, request):
        return False

    def has_change_permission(self, request, obj=None):
        return False

    def has_delete_permission(self, request, obj=None):
        # Never by hand, but together with the person whose mail it is; their page asks here as well.
        is_own_page = request.resolver_match.url_name.startswith("common_outboxmail_")
        return services.may_administer(request.user) and not is_own_page

    def get_queryset(self, request):
        return super().get_queryset(request).defer("text_body", "html_body").select_related("person")

    @admin.display(description=gettext_lazy("kind"), ordering="kind")
    def kind_label(self, mail):
        return label_of(mail.kind)

    # Actions

    @admin.action(permissions=["send"], description=gettext_lazy("Send the chosen mails again"))
    def send_again_selected(self, request, queryset):
        if "confirmed" not in request.POST:
            return self._ask(request, queryset)
        told = ngettext_lazy("%(count)s mail is sent again.", "%(count)s mails are sent again.", "count")
        self._apply(request, queryset, services.send_again, told, _("sent again by hand"))
        return None

    def _ask(self, request, queryset):
        """What is chosen may have arrived: nothing happens before somebody has said yes."""
        sendable = queryset.filter(state__in=[OutboxMail.State.UNCERTAIN, OutboxMail.State.FAILED])
        mails = list(sendable)
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": _("Send again?"),
            "mails": mails[:SHOWN],
            "unlisted": max(len(mails) - SHOWN, 0),
            "chosen": [mail.pk for mail in mails],
            "uncertain": sum(mail.state == OutboxMail.State.UNCERTAIN for mail in mails),
            "left_out": queryset.count() - len(mails),
            "action_checkbox_name": ACTION_CHECKBOX_NAME,
        }
        request.current_app = self.admin_site.name
        return TemplateResponse(request, "admin/common/outboxmail/send_again.html", context)

    @admin.action(permissions=["send"], description=gettext_lazy("Call off the chosen mails"))
    def cancel_selected(self, request, queryset):
        told = ngettext_lazy("%(count)s mail is called off.", "%(count)s mails are called off.", "count")
        self._apply(request, queryset, services.cancel, told, _("called off by hand"))

    def _apply(self, request, queryset, verb, told, remark):
        done, left = 0, 0
        for mail in queryset:
            if verb(mail, actor=request.user):
                self.log_change(request, mail, remark)
                done += 1
            else:
                left += 1
        if done:
            self.message_user(request, told % {"count": done}, messages.SUCCESS)
        if left:
            text = ngettext(
                "%(count)s mail was left as it is: its state does not allow that.",
                "%(count)s mails were left as they are: their state does not allow that.",
                left,
            )
            self.message_user(request, text % {"count": left}, messages.WARNING)
