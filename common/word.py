"""What word processors leave in pasted text, made into plain structure.

Their lists are paragraphs that begin with a bullet or number and a run of hard spaces, whether the paste went through
an editor, which drops the classes, or not.
"""

import re

_SPACE = r"(?:\s|\u00a0|&nbsp;)"
_HARD_SPACES = re.compile(r"(?:\u00a0|&nbsp;){2,}")
_EMPTY = re.compile(rf"<p>(?:{_SPACE}|<br\s*/?>)*</p>\s*")
_BULLET = rf"(?:[·•▪◦‣§■●\uf0b7\uf0a7]{_SPACE}+|[o–-](?:\u00a0|&nbsp;){{2,}}{_SPACE}*)"
_NUMBER = rf"(?:\d{{1,3}}|[a-z])[.)](?:\u00a0|&nbsp;){{2,}}{_SPACE}*"


def _entries(mark):
    """Paragraphs, one after the other, that begin with the mark."""
    return re.compile(rf"(?:<p>{_SPACE}*{mark}(?:(?!</p>).)*</p>\s*)+", re.DOTALL), re.compile(rf"<p>{_SPACE}*{mark}")


_LISTS = {"ul": _entries(_BULLET), "ol": _entries(_NUMBER)}


def with_lists(markup: str) -> str:
    """Sanitised HTML with its lists as lists, without empty paragraphs and runs of hard spaces."""
    for tag, (entries, mark) in _LISTS.items():
        markup = entries.sub(lambda match, tag=tag, mark=mark: _list(match[0], tag, mark), markup)
    return _HARD_SPACES.sub(" ", _EMPTY.sub("", markup))


def _list(paragraphs, tag, mark):
    items = mark.sub("<li>", paragraphs).replace("</p>", "</li>")
    items = re.sub(r"</li>\s+", "</li>", items).strip()
    return f"<{tag}>{items}</{tag}>"
