"""Addresses: one spelling for each, and the keyed hash by which one is known after it was forgotten."""

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _


def spelled(address: str) -> str:
    """The one spelling under which an address is kept: trimmed, in lower case, the domain in its ASCII form.

    Raises ValidationError for what is no address that SMTP can carry. Plus-addresses stay what they are: they
    are another mailbox for all we know.
    """
    address = address.strip().lower()
    local, _at, domain = address.rpartition("@")
    try:
        domain = domain.encode("idna").decode("ascii")
    except UnicodeError as error:
        raise ValidationError(_("Enter a valid email address."), code="invalid") from error
    found = f"{local}@{domain}"
    if not found.isascii():
        raise ValidationError(_("Enter a valid email address."), code="invalid")
    validate_email(found)
    return found


def address_hash(address: str) -> str:
    """64 hexadecimal digits that name an address to whoever has the key, and to nobody else.

    The key is ADDRESS_HASH_KEY, which is SECRET_KEY where it is not set: with another key no address is known any
    more, and suppressed ones would be written to again.
    """
    return salted_hmac(
        "newsletters.address", spelled(address), secret=settings.ADDRESS_HASH_KEY, algorithm="sha256"
    ).hexdigest()


def domain_of(address: str) -> str:
    return address.rpartition("@")[2]
