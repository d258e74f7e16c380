"""Pictures and documents that come with a step."""

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from accounts.limits import too_often, wait_in_words
from common.text import clean_line
from practices import services

ATTACHING = ("images", "documents")


def attach_new_files(form, request):
    """Attach what was chosen in the step; a file that is refused is told next to its field."""
    for name in ATTACHING:
        upload = request.FILES.get(f"{name}-new-file") if name in form.fields else None
        if upload is None:
            continue
        if too_often(request, "writing_upload"):
            told = _("Too many files in a short time. Please wait %(wait)s and add it again.")
            form.refuse(name, ValidationError(told % {"wait": wait_in_words(request)}))
            continue
        field = form.fields[name]
        texts = field.widget.texts(request.POST, f"{name}-new-")
        try:
            services.attach(form.revision, name, upload, field.in_columns(texts), actor=request.user)
        except ValidationError as error:
            form.refuse(name, ValidationError([f"{clean_line(upload.name)}: {text}" for text in error.messages]))
