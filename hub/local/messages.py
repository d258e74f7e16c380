"""Translations: `.po` files are in the repository, `.mo` files are made from them here, without gettext's programs."""

import os
import re
from collections import defaultdict
from io import BytesIO
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import PoFileError, read_po

from hub.local import CHECKOUT

SOURCE_LANGUAGE = "en"
NAMED = re.compile(r"%\((\w+)\)[#0 +-]*[\d.]*[a-zA-Z]")
POSITIONAL = re.compile(r"%[#0 +-]*[\d.]*[diouxXeEfFgGcrsa]")
BRACES = re.compile(r"\{\w*[^{}]*\}")


class BrokenCatalog(ValueError):
    """A `.po` file that cannot be read; the message names the file and the reason."""


def catalogs(root=CHECKOUT):
    return sorted(Path(root).glob("locale/*/LC_MESSAGES/*.po"))


def compile_messages(root=CHECKOUT):
    """Write the `.mo` file of each `.po` file that changed since; return the paths written.

    A `.mo` file bears the time stamp of its source, so an older source put back in place is noticed as well.
    """
    written = []
    for source in catalogs(root):
        target = source.with_suffix(".mo")
        stamp = source.stat().st_mtime_ns
        if target.exists() and target.stat().st_mtime_ns == stamp:
            continue
        content = BytesIO()
        write_mo(content, read(source))
        # Replaced as a whole: a running process may be reading the old file.
        draft = target.with_suffix(f".{os.getpid()}")
        draft.write_bytes(content.getvalue())
        os.utime(draft, ns=(stamp, stamp))
        draft.replace(target)
        written.append(target)
    return written


def read(source):
    try:
        with open(source, "rb") as file:
            return read_po(file, abort_invalid=True)
    except (PoFileError, ValueError, LookupError) as error:
        raise BrokenCatalog(f"{source}: {error}") from error


def check_messages(root=CHECKOUT, *, languages=()):
    """Everything that keeps the translations from being complete, as lines `file:line: what`.

    Every one of `languages` must have a catalogue, and every message of one catalogue must be in all of them,
    translated, not fuzzy, and with the placeholders of its original. The source language needs no translation.
    """
    known = defaultdict(set)
    sources = catalogs(root)
    found = {source.parent.parent.name for source in sources}
    expected = {language.replace("-", "_") for language in languages} - {SOURCE_LANGUAGE}
    problems = [f"locale/{language}: no catalogue" for language in sorted(expected - found)]
    for source in sources:
        try:
            catalog = read(source)
        except BrokenCatalog as error:
            problems.append(str(error))
            continue
        language = source.parent.parent.name
        for message in catalog:
            if not message.id:
                continue
            known[source.name, message.context, message.id].add(language)
            for fault in faults(message, may_be_empty=language == SOURCE_LANGUAGE):
                problems.append(f"{source.relative_to(root)}:{message.lineno}: {fault}: {_excerpt(message)}")
    for (_, _, text), present in known.items():
        for language in sorted(found - present - {SOURCE_LANGUAGE}):
            problems.append(f"locale/{language}: missing: {text if isinstance(text, str) else text[0]!r}")
    return problems


def faults(message, *, may_be_empty=False):
    if message.fuzzy:
        yield "fuzzy"
    forms = message.string if isinstance(message.string, (list, tuple)) else [message.string]
    if not all(forms):
        if not (may_be_empty and not any(forms)):
            yield "not translated"
        return
    originals = message.id if isinstance(message.id, (list, tuple)) else [message.id]
    expected = _placeholders(originals[-1], message)
    allowed = expected.union(*(_placeholders(original, message) for original in originals))
    found = [_placeholders(form, message) for form in forms]
    # "One city" needs no number, and Arabic has words for none and two: only the last form must have everything.
    if not (expected <= found[-1] and all(names <= allowed for names in found)):
        yield "placeholders differ"


def _placeholders(text, message):
    """Names in a set; positional ones numbered, because their count matters."""
    text = text.replace("%%", "")
    found = set(NAMED.findall(text))
    if "python-format" in message.flags:
        found |= {f"{number}{kind}" for number, kind in enumerate(POSITIONAL.findall(NAMED.sub("", text)))}
    if "python-brace-format" in message.flags:
        found |= set(BRACES.findall(text))
    return found


def _excerpt(message):
    text = message.id if isinstance(message.id, str) else message.id[0]
    return repr(text if len(text) < 60 else text[:57] + "...")
