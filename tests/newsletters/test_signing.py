"""The signature of our own: it holds for what left, and covers what mail programs show a button by."""

import re

import dkim
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from newsletters.services.delivering import send_all_due

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def keys():
    """(private key in PEM, what stands in the DNS)."""
    private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    )
    public = private.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    import base64

    return pem.decode(), b"v=DKIM1; k=rsa; p=" + base64.b64encode(public)


@pytest.fixture
def taken(settings, keys, mail_server, sent_campaign):
    """The mail as the server got it."""
    settings.DKIM_DOMAIN, settings.DKIM_SELECTOR, settings.DKIM_PRIVATE_KEY = "hub.example", "hub", keys[0]
    sent_campaign(1, subject="نشرة المدن: ممارسات جديدة وفعاليات قادمة في هذا الشهر", text="مرحبا\n.\n" + "x" * 2000)
    assert send_all_due().answers == {"accepted": 1}
    return mail_server.mails[0][2]


def is_genuine(mail, keys):
    return dkim.verify(mail, dnsfunc=lambda name, **_: keys[1] if name == b"hub._domainkey.hub.example." else b"")


def test_signature_holds_and_covers_the_button_to_leave(taken, keys):
    assert is_genuine(taken, keys)
    signature = re.sub(rb"\s", b"", taken.partition(b"\r\nFrom:")[0])
    covered = re.search(rb"[;]h=([^;]+);", signature)[1].lower().split(b":")
    assert {b"list-unsubscribe", b"list-unsubscribe-post", b"from", b"subject"} <= set(covered)


@pytest.mark.parametrize(
    ("what", "other"),
    [
        (rb"List-Unsubscribe: <[^>]+>", b"List-Unsubscribe: <https://evil.example/>"),
        (rb"List-Unsubscribe-Post: List-Unsubscribe=One-Click", b"List-Unsubscribe-Post: no"),
        (rb"Hello", b"Hallo"),
        (rb"Subject: ", b"Subject: Re: "),
    ],
)
def test_whoever_changes_it_breaks_the_signature(taken, keys, what, other):
    assert not is_genuine(re.sub(what, other, taken, count=1), keys)


def test_without_a_domain_nothing_is_signed(settings, mail_server, sent_campaign):
    settings.DKIM_DOMAIN = ""
    sent_campaign(1)
    send_all_due()
    assert b"DKIM-Signature" not in mail_server.mails[0][2]
