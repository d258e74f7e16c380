"""What hosts choose in the planner of break-out groups."""

from django import forms
from django.utils.translation import gettext_lazy as _


class MoveForm(forms.Form):
    """One participant, and the group to move to (empty: none)."""

    person = forms.ModelChoiceField(queryset=None)
    group = forms.ModelChoiceField(queryset=None, required=False, empty_label=_("No group"))

    def __init__(self, *args, session, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["person"].queryset = session.event.registrations.all()
        self.fields["group"].queryset = session.groups.all()
