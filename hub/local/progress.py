"""Lines that tell what is being done and how long it took."""

import contextlib
import sys
import time


@contextlib.contextmanager
def phase(title):
    """Print `title` before the block and the seconds after it: on one line, unless the block prints lines itself.

    The block may append a remark to the yielded list; it is shown with the seconds.
    """
    start = time.monotonic()
    remarks = []
    print(f"{title} ... ", end="", flush=True)
    try:
        yield remarks
    except BaseException:
        print("failed", flush=True)
        raise
    remark = "".join(f"{remark}, " for remark in remarks)
    print(f"{remark}{time.monotonic() - start:.1f} s", flush=True)


def fail(message):
    """End the program with a readable message."""
    print(message, file=sys.stderr, flush=True)
    sys.exit(1)
