"""Secrets in the links of people without an account. Nothing of them is stored: they follow from the record and a key.

A link is made anew for every mail, so reminders can carry it; adding one to `token_version` closes all sent before.
"""

from django.conf import settings
from django.utils.crypto import constant_time_compare, salted_hmac


def token_of(record, purpose="manage") -> str:
    """The secret for a record with `uid` and, where its links can be closed, `token_version`."""
    return _token(record, purpose, settings.SECRET_KEY)


def is_token_of(record, token: str, purpose="manage") -> bool:
    """Whether it is the record's secret, made with the present key or one that it replaced."""
    keys = (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)
    return any(constant_time_compare(_token(record, purpose, key), token) for key in keys)


def _token(record, purpose, key):
    text = f"{record.uid}:{getattr(record, 'token_version', 0)}"
    return salted_hmac(f"events.{purpose}", text, secret=key, algorithm="sha256").hexdigest()[:40]
