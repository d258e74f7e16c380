"""The form in which a practice is written, step by step."""

from practices.forms.start import StartForm
from practices.forms.steps import STEPS, step_of
from practices.forms.writing import WritingForm

__all__ = ["STEPS", "StartForm", "WritingForm", "step_of"]
