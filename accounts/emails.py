"""The one way of accounts' mails into the outbox."""

import uuid

from common.outbox.queueing import queue_mail


def send(template, to, language, context):
    """Queue `templates/mail/accounts/<template>.{subject.txt,txt}` for one address, in the caller's transaction.

    The texts are literal: nothing in them becomes markup, and of the addresses in them only `context["link"]`, alone
    in its paragraph, becomes a link of the HTML part. Links of accounts open something, so their texts are forgotten
    once the mail server has them.
    """
    kind = f"accounts/{template}"
    key = f"{kind}:{uuid.uuid4()}"
    queue_mail(kind, to=to, language=language, context=context, key=key, essential=True, secret=True)
