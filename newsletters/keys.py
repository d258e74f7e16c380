"""Keys in the links of mails: whom a mail went to and what ends with one click. Nothing of them is stored.

A key is 43 characters: in base64url 16 bytes of the subscriber's `uid`, 4 of the scope and 12 of a signature. It does
not expire, for mails are kept; adding one to the subscriber's `token_version` closes all sent before.
"""

import base64
import binascii
import hashlib
import hmac
import uuid
from dataclasses import dataclass
from functools import lru_cache

from django.conf import settings

LENGTH = 43
EVERYTHING, PRACTICES, EVENTS, DIGESTS, HUB_NEWSLETTER = range(5)
"""Scopes that are no network's."""

_NETWORKS_FROM = 16


@dataclass(frozen=True, slots=True)
class Opened:
    """What a key says; whether it is genuine is known once its subscriber is (`is_genuine`)."""

    uid: uuid.UUID
    scope: int
    signature: bytes


def scope_of_newsletter(network_id: int | None) -> int:
    return HUB_NEWSLETTER if network_id is None else network_id + _NETWORKS_FROM


def network_of(scope: int) -> int | None:
    """The id of the network whose newsletter a scope means; None where it means something else."""
    return scope - _NETWORKS_FROM if scope >= _NETWORKS_FROM else None


def key_of(uid: uuid.UUID, version: int, scope: int = EVERYTHING, *, purpose="mail") -> str:
    """The key of a subscriber for one scope. Keys of another purpose open nothing else."""
    body = uid.bytes + scope.to_bytes(4, "big")
    return _written(body + _signature(settings.SECRET_KEY, purpose, body, version))


def opened(key: str) -> Opened | None:
    """What stands in a key; None for what cannot be one."""
    if len(key) != LENGTH:
        return None
    try:
        raw = base64.b64decode(key + "=", altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return None
    if _written(raw) != key:
        return None  # The last letter has two bits to spare: one key has one spelling.
    return Opened(uuid.UUID(bytes=raw[:16]), int.from_bytes(raw[16:20], "big"), raw[20:])


def is_genuine(found: Opened, version: int, *, purpose="mail") -> bool:
    """Whether it was signed with the present key or one that it replaced."""
    body = found.uid.bytes + found.scope.to_bytes(4, "big")
    keys = (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)
    return any(hmac.compare_digest(_signature(key, purpose, body, version), found.signature) for key in keys)


def _written(raw):
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _signature(secret, purpose, body, version):
    return hmac.digest(_derived(secret, purpose), body + version.to_bytes(4, "big"), "sha256")[:12]


@lru_cache(maxsize=16)
def _derived(secret, purpose):
    return hashlib.sha256(f"newsletters.{purpose}:{secret}".encode()).digest()
