"""Log lines that stay one line, whatever a request smuggles into them."""

import logging
import re

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029]")


_KEY_IN_PATH = re.compile(
    r"(/events/(?:registration|nomination|notes|calendar|feedback|check-in)/"
    r"|/newsletter/(?:confirm|preferences|one-click)/)[^\s?\"']+"
)


class OneLineFormatter(logging.Formatter):
    """Escapes control characters and leaves out keys of participants and subscribers; tracebacks keep their line breaks."""

    def formatMessage(self, record):
        line = _KEY_IN_PATH.sub(r"\1…", super().formatMessage(record))
        return _CONTROL.sub(lambda match: match[0].encode("unicode_escape").decode(), line.replace("\n", "\\n"))
