"""What is typed when an event is over: logs of conferences, feedback, why a certificate is void."""

import zoneinfo

from django import forms
from django.core.exceptions import ValidationError
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from events.models import FeedbackResponse
from events.services.feedback import RATED, WRITTEN, label
from events.times import check_zone
from events.videologs import read_logs


class SeveralFiles(forms.ClearableFileInput):
    allow_multiple_selected = True


class SeveralFilesField(forms.FileField):
    """The chosen files as a list."""

    widget = SeveralFiles

    def clean(self, data, initial=None):
        one = super().clean
        return [one(file, initial) for file in data] if isinstance(data, list) and data else [one(data, initial)]


class VideoLogForm(forms.Form):
    """The files of one meeting, what they are of, and by which clock they were written."""

    files = SeveralFilesField(
        label=_("Files"),
        help_text=_(
            "The list of participants as CSV, from Zoom, Teams or BigBlueButton; all files of a meeting at once."
        ),
        widget=SeveralFiles(attrs={"accept": ".csv,.tsv,.txt"}),
    )
    session = forms.ModelChoiceField(
        label=_("Of"), queryset=None, required=False, empty_label=_("the whole event, by its agenda")
    )
    time_zone = forms.ChoiceField(label=_("Times in the file are by the clock of"))

    def __init__(self, *args, event, sessions, **kwargs):
        super().__init__(*args, **kwargs)
        self.event = event
        self.fields["session"].queryset = sessions
        zones = sorted(name for name in zoneinfo.available_timezones() if "/" in name and not name.startswith("Etc/"))
        self.fields["time_zone"].choices = [(name, name) for name in ["UTC", *zones]]
        self.fields["time_zone"].initial = event.time_zone

    def clean_time_zone(self):
        check_zone(self.cleaned_data["time_zone"])
        return self.cleaned_data["time_zone"]

    def clean(self):
        cleaned = super().clean()
        if not self.errors:
            session = cleaned["session"]
            try:
                self.log = read_logs(
                    cleaned["files"],
                    zone=cleaned["time_zone"],
                    starts_at=session.starts_at if session else self.event.starts_at,
                    ends_at=session.ends_at if session else self.event.ends_at,
                )
            except ValidationError as error:
                self.add_error("files", error)
        return cleaned


class FeedbackForm(forms.Form):
    """Three marks from 1 to 5 and two questions to write to."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        ends = {1: _("1 – not at all"), 5: _("5 – very much")}
        for name in RATED:
            self.fields[name] = forms.TypedChoiceField(
                label=capfirst(label(name)),
                choices=[(mark, ends.get(mark, str(mark))) for mark in range(1, 6)],
                coerce=int,
                widget=forms.RadioSelect,
            )
        for name in WRITTEN:
            field = FeedbackResponse._meta.get_field(name)
            self.fields[name] = field.formfield(
                required=False, widget=forms.Textarea(attrs={"rows": 3, "dir": "auto"})
            )


class RevokeForm(forms.Form):
    reason = forms.CharField(label=_("Why it is revoked"), max_length=300)
