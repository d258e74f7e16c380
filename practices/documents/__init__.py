"""A practice as a document of its own: a record for other systems, a PDF to print."""

from practices.documents.pdf import practice_pdf
from practices.documents.record import lasting_address, practice_address, practice_record, practice_records

__all__ = ["lasting_address", "practice_address", "practice_pdf", "practice_record", "practice_records"]
