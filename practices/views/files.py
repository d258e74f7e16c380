"""Pictures and documents of practices: each request asks whether the practice may still be read."""

import mimetypes
from pathlib import Path

from django.conf import settings
from django.core.files.storage import default_storage
from django.http import FileResponse, Http404, HttpResponse
from django.utils.cache import patch_cache_control
from django.views.decorators.http import require_safe

from practices.models import PracticeDocument, PracticeImage

SECONDS_KEPT = 30
"""Of a public file by caches: a withdrawn one is gone within a minute."""

SHOWN_TYPES = frozenset({"image/jpeg", "image/png", "image/webp"})
"""What is shown in the page; everything else is handed over as a download."""


@require_safe
def attachment(request, path):
    """A file by its stored name, for whoever may see it; 404 for all others, as for one that does not exist."""
    for model in (PracticeImage, PracticeDocument):
        found = model.objects.filter(file=path)
        record = found.visible_to(request.user).first()
        if record is not None:
            return file_answer(record, is_public=found.public().exists())
    raise Http404


def file_answer(record, *, is_public):
    """The file of a record for somebody who may have it; kept by caches only where everybody may."""
    content_type = mimetypes.guess_type(record.file.name)[0] or "application/octet-stream"
    is_shown = content_type in SHOWN_TYPES
    if settings.FILES_BY_PROXY:
        # The web server in front reads the file; we only said that it may.
        response = HttpResponse(content_type=content_type)
        response["X-Accel-Redirect"] = f"{settings.FILES_BY_PROXY}{record.file.name}"
    elif not default_storage.exists(record.file.name):
        raise Http404
    else:
        response = FileResponse(default_storage.open(record.file.name), content_type=content_type)
    name = Path(record.file.name).name
    response["Content-Disposition"] = f"inline; filename={name}" if is_shown else f"attachment; filename={name}"
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response["Cross-Origin-Resource-Policy"] = "same-origin"
    response["X-Content-Type-Options"] = "nosniff"
    if is_public:
        patch_cache_control(response, public=True, max_age=SECONDS_KEPT)
    else:
        patch_cache_control(response, private=True, no_store=True)
    return response
