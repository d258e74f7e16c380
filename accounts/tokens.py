"""Secrets in mailed links. The database knows only their keyed hash: who reads it cannot use them."""

import secrets

from django.conf import settings
from django.utils.crypto import salted_hmac


def new_token():
    return secrets.token_urlsafe(32)


def keyed_hash(token, purpose, secret=None):
    return salted_hmac(f"accounts.{purpose}", token, secret=secret, algorithm="sha256").hexdigest()


def possible_hashes(token, purpose):
    """Under the present key and those it replaced, so that changing the key does not close what is open."""
    return [keyed_hash(token, purpose, secret) for secret in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)]
