"""Documents written anew without what they say about the people who made them.

Everything here runs in a process of its own (`python -m common.rewriting`), with little memory and little time: what a
file does to a parser ends there. So nothing here imports Django.
"""

from enum import IntEnum


class Reason(IntEnum):
    """Why a document cannot be taken; also the exit status of the process."""

    CONTENT = 10
    """It is not what its name says."""
    UNREADABLE = 11
    ENCRYPTED = 12
    TOO_MUCH = 13
    """It would unpack without end, or takes more memory or time than there is."""
    MACROS = 14
    EMBEDDED = 15
    """It holds another file that cannot be cleaned."""


class RefusedError(Exception):
    """A document that cannot be taken, with a Reason."""

    def __init__(self, reason):
        super().__init__(reason.name)
        self.reason = reason


UNREADABLE_ERRORS = (
    RecursionError,
    ValueError,
    TypeError,
    LookupError,
    ArithmeticError,
    AttributeError,
    OSError,
    EOFError,
)
"""What parsers that are given hostile bytes raise besides errors of their own."""
