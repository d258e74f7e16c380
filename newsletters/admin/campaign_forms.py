"""The form of a newsletter and its blocks, and the small forms on its overview."""

from django import forms
from django.contrib.admin.sites import site
from django.contrib.admin.widgets import AutocompleteSelect
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from common.admin import ChoicesWidget
from common.languages import current_language, name_in, site_languages
from common.refusals import attempt
from common.uploads import clean_image
from events.admin.forms import date_input, time_input, zone_choices
from events.models import Event
from networks.rules import editable_networks, roles_of
from newsletters.models import Block, Campaign
from newsletters.rendering import SHOWN_WIDTH, languages_of
from newsletters.services.campaigning import check_editable
from practices.models import Practice

PUBLIC = {"practice": Practice, "event": Event}
"""What a block may show, by its field."""

NEEDED = (Block.Kind.PRACTICE, Block.Kind.EVENT, Block.Kind.PICTURE)
"""Kinds that are called as the field they need."""


def language_choices(codes=None):
    return [(code, name_in(code, current_language())) for code in codes or site_languages()]


class CampaignForm(forms.ModelForm):
    """`actor` is set by the admin, on a class made for one request."""

    actor = None
    languages = forms.MultipleChoiceField(
        label=gettext_lazy("Sent in"),
        required=False,
        widget=ChoicesWidget,
        help_text=gettext_lazy(
            "The languages that are ready. Others read the first of their own languages among them."
        ),
    )
    seen = forms.IntegerField(required=False, widget=forms.HiddenInput)
    """The version that the editor sees: who was quicker is not overwritten."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        if "seen" in self.fields and self.instance.pk:
            self.fields["seen"].required = True
            self.initial["seen"] = self.instance.version
        if field := self.fields.get("languages"):
            field.choices = language_choices()
            field.widget.group_label = field.label
        if field := self.fields.get("network"):
            field.queryset = editable_networks(self.actor)
            field.required = not roles_of(self.actor).is_administrator
            if not field.required:
                field.help_text = _("Without a network it is the newsletter of this site.")

    def clean(self):
        cleaned = super().clean()
        if source := cleaned.get("source_language"):
            # In the order of the site: equal choices are equal lists.
            chosen = {source, *cleaned.get("languages", ())}
            cleaned["languages"] = [code for code in site_languages() if code in chosen]
        if self.instance.pk:
            attempt(self, lambda: check_editable(self.instance, actor=self.actor, seen=cleaned.get("seen") or 0))
        return cleaned


class PublicSelect(AutocompleteSelect):
    """A choice among what is public, of whichever network."""

    url_name = "%s:newsletters_campaign_find"


class BlockForm(forms.ModelForm):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        for name, model in PUBLIC.items():
            if name in self.fields:
                # What was chosen stays, so that the check can say that it is not public any more.
                present = Q(pk=getattr(self.instance, f"{name}_id"))
                public = model.objects.public().values("pk")
                self.fields[name].queryset = model.objects.filter(Q(pk__in=public) | present)
                widget = PublicSelect(Block._meta.get_field(name), site)
                widget.choices = self.fields[name].choices
                self.fields[name].widget = widget

    def clean(self):
        cleaned = super().clean()
        needed = cleaned.get("kind")
        if needed in NEEDED and not cleaned.get(needed) and needed not in self.errors:
            self.add_error(needed, _("A block of this kind needs this."))
        return cleaned

    def clean_picture(self):
        picture = self.cleaned_data["picture"]
        if not isinstance(picture, UploadedFile):
            return picture
        drawn = clean_image(picture, longest=2 * SHOWN_WIDTH)
        if drawn.name.endswith(".webp"):
            raise ValidationError(_("Choose a JPEG or PNG picture: many mail programs show no others."))
        return drawn


# On the overview ---------------------------------------------------------------------------------


class ScheduleForm(forms.Form):
    scheduled_date = date_input(gettext_lazy("Day"))
    scheduled_time = time_input(gettext_lazy("at"))
    time_zone = forms.ChoiceField(label=gettext_lazy("Time zone"))

    def __init__(self, campaign, data=None):
        names = ("scheduled_date", "scheduled_time", "time_zone")
        initial = {name: getattr(campaign, name) for name in names}
        super().__init__(data, initial=initial, auto_id="schedule_%s")
        self.fields["time_zone"].choices = zone_choices(campaign.time_zone)


class NothingTyped(forms.Form):
    """A button alone."""

    def __init__(self, campaign, data=None):
        super().__init__(data)


class RetryForm(forms.Form):
    with_uncertain = forms.BooleanField(
        label=gettext_lazy("Also those that are uncertain: some readers may get it twice"), required=False
    )

    def __init__(self, campaign, data=None):
        super().__init__(data, auto_id="retry_%s")


class TestForm(forms.Form):
    language = forms.ChoiceField(label=gettext_lazy("Language"))

    def __init__(self, campaign: Campaign, data=None):
        super().__init__(data, auto_id="test_%s")
        self.fields["language"].choices = language_choices(languages_of(campaign))
