"""What upper apps listen to: they know what an invited person will be, and who decides about a request."""

from django.dispatch import Signal

invitation_accepted = Signal()
"""`invitation`, `user`; sent inside the transaction that accepts."""

account_requested = Signal()
"""`account_request`, whose address has just been confirmed; sent inside that transaction."""

email_changed = Signal()
"""`user`, with the new address; sent inside the transaction that changes it."""

person_erased = Signal()
"""`user`, already without personal data; sent inside the transaction that erases."""
