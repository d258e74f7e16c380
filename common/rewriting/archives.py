"""ZIP archives with documents in them: read with an eye on what comes out, written without times and names of programs."""

import io
import zipfile
import zlib
from collections.abc import Iterable

from common.rewriting import Reason, RefusedError

MAX_UNPACKED_BYTES = 200 * 1024 * 1024
MAX_RATIO = 100
MAX_ENTRIES = 5000
_PIECE = 1024 * 1024
_LONG_AGO = (1980, 1, 1, 0, 0, 0)


class Budget:
    """How many bytes may still come out of a document and the documents inside it."""

    def __init__(self, packed: int):
        self.left = min(MAX_UNPACKED_BYTES, packed * MAX_RATIO)

    def take(self, size: int):
        self.left -= size
        if self.left < 0:
            raise RefusedError(Reason.TOO_MUCH)


class Archive:
    """The files of an archive by name. Raises RefusedError (CONTENT, TOO_MUCH, ENCRYPTED) for what cannot be taken."""

    def __init__(self, data: bytes, budget: Budget | None = None):
        self.budget = budget or Budget(len(data))
        try:
            self.zip = zipfile.ZipFile(io.BytesIO(data))
        except Exception as error:
            # zlib, struct and others each raise their own.
            raise RefusedError(Reason.CONTENT) from error
        entries = [entry for entry in self.zip.infolist() if not entry.is_dir()]
        # What the directory says is refused at once; what really comes out is counted as it is read.
        if len(entries) > MAX_ENTRIES or sum(entry.file_size for entry in entries) > self.budget.left:
            raise RefusedError(Reason.TOO_MUCH)
        if any(entry.flag_bits & 1 for entry in entries):
            raise RefusedError(Reason.ENCRYPTED)
        self.entries = {entry.filename: entry for entry in entries}
        if len({name.lower() for name in self.entries}) < len(entries):
            # Two files of one name: programs differ in which of them they show.
            raise RefusedError(Reason.CONTENT)

    def __contains__(self, name):
        return name in self.entries

    def names(self) -> list[str]:
        return list(self.entries)

    def read(self, name: str) -> bytes:
        pieces = []
        try:
            with self.zip.open(self.entries[name]) as file:
                while piece := file.read(_PIECE):
                    self.budget.take(len(piece))
                    pieces.append(piece)
        except (
            zipfile.BadZipFile,
            zlib.error,
            NotImplementedError,
            RuntimeError,
            ValueError,
            EOFError,
            OSError,
        ) as error:
            raise RefusedError(Reason.CONTENT) from error
        return b"".join(pieces)


def packed(files: Iterable[tuple[str, bytes]], *, stored: tuple[str, ...] = ()) -> bytes:
    """An archive of (name, content), in that order; all of them of the same day in 1980."""
    result = io.BytesIO()
    with zipfile.ZipFile(result, "w") as archive:
        for name, content in files:
            entry = zipfile.ZipInfo(name, _LONG_AGO)
            entry.create_system = 0
            entry.compress_type = zipfile.ZIP_STORED if name in stored else zipfile.ZIP_DEFLATED
            archive.writestr(entry, content)
    return result.getvalue()
