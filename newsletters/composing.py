"""From a finished edition to the bytes of a mail: everything that all readers share is made once.

The reader's own key stands in links. Its place is held by KEY, which is as long, so lines keep their length when one
is put for the other; in the encoded parts it stands on lines of its own.
"""

import quopri
import re
from dataclasses import dataclass
from email.header import Header
from email.utils import format_datetime, formataddr, parseaddr

from django.utils import timezone

from common.addresses import site_host

KEY = "READERS-KEY-READERS-KEY-READERS-KEY-READERS"
"""Holds the place of `newsletters.keys.key_of`; not a word that a text would hold."""

KEY_OF_OTHERS = "…"
"""Stands where somebody else's text had KEY: nothing must be filled in there."""

RECIPIENT = b"recipient@placeholder.invalid"
MESSAGE_ID = b"message-id@placeholder.invalid"
_BOUNDARY = "=_city-networks-hub_{}"
_BREAKS = re.compile(r"[\r\n\0]+")


@dataclass(frozen=True, slots=True)
class Frame:
    """What headers need beside the edition. `list_name` is shown by mail programs, `list_id` names the list to them."""

    sender: str
    """"Name <address>" as it stands in From."""
    reply_to: str
    list_name: str
    list_id: str
    unsubscribe: str
    """The address that takes a POST, with KEY in it."""
    archive: str = ""


class Skeleton:
    """The bytes of one edition, to be filled for each reader."""

    def __init__(self, edition, frame: Frame):
        self.edition, self.frame = edition, frame
        name, self.sender = parseaddr(frame.sender)
        boundary = _BOUNDARY.format(edition.content_hash[:24])
        headers = [
            ("From", formataddr((name, self.sender), "utf-8")),
            ("To", RECIPIENT.decode()),
            # Before what people wrote: the first place of each is filled.
            ("Message-ID", f"<{MESSAGE_ID.decode()}>"),
            ("Subject", _encoded(edition.subject)),
            ("Date", format_datetime(timezone.now())),
            *self.list_headers(),
            ("Content-Language", edition.language),
            ("MIME-Version", "1.0"),
            ("Content-Type", f'multipart/alternative; boundary="{boundary}"'),
        ]
        head = "".join(f"{name}: {value}\r\n" for name, value in headers).encode("ascii")
        parts = [_part(boundary, "plain", edition.text), _part(boundary, "html", edition.html)]
        self._bytes = head + b"\r\n" + b"".join(parts) + f"--{boundary}--\r\n".encode()

    def list_headers(self):
        """[(name, value)] by which mail programs know a list (RFC 2369, 2919, 8058) and show a button to leave it."""
        frame = self.frame
        found = [
            ("List-Id", f"{_encoded(frame.list_name)} <{frame.list_id}>"),
            ("List-Unsubscribe", f"<{frame.unsubscribe}>"),
            ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"),
        ]
        if frame.archive:
            found.append(("List-Archive", f"<{frame.archive}>"))
        if frame.reply_to:
            found.append(("Reply-To", frame.reply_to.replace(KEY, "key")))
        return found

    def filled(self, recipient: str, key: str, message_id: str) -> bytes:
        """The mail to one reader, with CRLF. Raises ValueError for a recipient or key that would break its shape."""
        if len(key) != len(KEY) or _BREAKS.search(recipient) or not recipient.isascii():
            raise ValueError("not an address that a mail can carry")
        mail = self._bytes.replace(RECIPIENT, recipient.encode("ascii"), 1)
        mail = mail.replace(MESSAGE_ID, message_id.strip("<>").encode("ascii"), 1)
        return mail.replace(KEY.encode(), key.encode("ascii"))


def without_key(text: str) -> str:
    """What people wrote, with no place in it that a reader's key would be put in."""
    return text.replace(KEY, KEY_OF_OTHERS)


def message_id(key) -> str:
    """The same for the same delivery, however often it is tried."""
    return f"<{key}@{site_host()}>"


def _encoded(value):
    """A header's text, folded so that no line is longer than 76 characters."""
    text = without_key(_BREAKS.sub(" ", value))
    if text.isascii() and len(text) <= 60:
        return text
    return Header(text, "utf-8", maxlinelen=70).encode(linesep="\r\n")


def _part(boundary, subtype, text):
    head = (
        f"--{boundary}\r\nContent-Type: text/{subtype}; charset=utf-8\r\n"
        "Content-Transfer-Encoding: quoted-printable\r\n\r\n"
    )
    lines = "\n".join(text.splitlines())
    pieces = [_quoted(piece) for piece in lines.split(KEY)]
    # A soft line break before and after the key: it does not count as text, and the key's line stays short.
    return head.encode() + f"=\r\n{KEY}=\r\n".encode().join(pieces) + b"\r\n"


def _quoted(text):
    return quopri.encodestring(text.encode()).replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
