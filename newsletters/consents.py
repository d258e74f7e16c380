"""What people agree to. A change of the words is a new version; what was agreed to keeps its words."""

from django.conf import settings
from django.utils.translation import gettext as _

VERSION = "2026-11"


def text() -> str:
    """What stands beside the button, in the current language."""
    return _(
        "%(site)s may write to this address what I have chosen here, until I say no: the link for that is in every mail. "
        "The address is used for nothing else, given to nobody, and forgotten four weeks after I have left. "
        "Who opens a mail is not recorded."
    ) % {"site": settings.SITE_NAME}
