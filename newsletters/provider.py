"""The ear for what django-anymail's webhooks tell; it checks who speaks before anything arrives here."""

from newsletters.services.hearing import Told, hear


def listen(sender, event, esp_name, **kwargs):
    """Receiver of `anymail.signals.tracking`."""
    hear(
        Told(
            provider=esp_name,
            event_id=event.event_id or "",
            kind=event.event_type,
            at=event.timestamp,
            message_id=event.message_id or "",
            key=str((event.metadata or {}).get("delivery", "")),
            recipient=event.recipient or "",
            reason=event.reject_reason,
        )
    )


def connect():
    from anymail.signals import tracking

    tracking.connect(listen, dispatch_uid="newsletters.provider")
