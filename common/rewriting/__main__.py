"""`python -m common.rewriting .pdf`: a document comes in, the clean one goes out; the exit status is 0 or a Reason."""

import sys

from common.rewriting import Reason, RefusedError

MEMORY = 1024**3
SECONDS = 15
"""Of the processor."""
OFFICE = (".docx", ".xlsx", ".pptx")


def main(suffix):
    limit()
    try:
        sys.stdout.buffer.write(rewritten(suffix, sys.stdin.buffer.read()))
    except RefusedError as error:
        return error.reason
    except MemoryError:
        return Reason.TOO_MUCH
    except Exception:
        # Parsers given hostile bytes raise nearly anything.
        return Reason.UNREADABLE
    return 0


def limit():
    try:
        import resource
    except ImportError:
        # Windows, where nobody runs the portal in earnest.
        return
    for kind, most in ((resource.RLIMIT_AS, MEMORY), (resource.RLIMIT_CPU, SECONDS), (resource.RLIMIT_CORE, 0)):
        try:
            resource.setrlimit(kind, (most, most))
        except (ValueError, OSError):
            # macOS knows no limit of addresses.
            continue


def rewritten(suffix, data):
    if suffix == ".pdf":
        from common.rewriting.pdf import rewritten_pdf

        return rewritten_pdf(data)
    if suffix in OFFICE:
        from common.rewriting.office import rewritten_office

        return rewritten_office(data, suffix)
    from common.rewriting.opendocument import rewritten_opendocument

    return rewritten_opendocument(data, suffix)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
