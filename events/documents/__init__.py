"""What events give out as files."""

from events.documents.certificate import certificate_pdf

__all__ = ["certificate_pdf"]
