"""Inputs that pages and the admin share."""

from django import forms
from django.utils.translation import gettext_lazy as _
from django_prose_editor.widgets import importmap, prose_editor_js
from js_asset import Media, Script

RICH_TEXT_WORDS = {
    "bold": _("Bold"),
    "italic": _("Italic"),
    "heading 3": _("Heading"),
    "heading 4": _("Smaller heading"),
    "paragraph": _("Paragraph"),
    "unordered list": _("List"),
    "ordered list": _("Numbered list"),
    "blockquote": _("Quotation"),
    "insert link": _("Link"),
    "remove link": _("Remove link"),
    "undo": _("Undo"),
    "redo": _("Redo"),
}
"""What the buttons of the editor are called; it knows English only."""


class RichTextWidget(forms.Textarea):
    """A textarea with HTML that the script turns into an editor once it is seen. Offers the tags of `RICH_TAGS`."""

    def __init__(self, attrs=None):
        super().__init__({"class": "vLargeTextField rich-text", "rows": 10, **(attrs or {})})

    @property
    def media(self):
        return Media(
            importmap=importmap,
            css={
                "all": [
                    "django_prose_editor/material-icons.css",
                    "django_prose_editor/editor.css",
                    "css/rich-text.css",
                ]
            },
            js=[prose_editor_js, Script("js/rich-text.js", type="module")],
        )
