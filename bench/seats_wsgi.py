"""The portal as `bench.seats` serves it. With BENCH_WITHOUT_LOCK the seats are given out unlocked: the control.

Nor do those of one process stand in turn then, which alone would keep them from each other.
"""

import os

from hub.wsgi import application

if os.environ.get("BENCH_WITHOUT_LOCK"):
    from events.models import SeatPool
    from events.services import entering
    from events.views import participating

    entering.lock_pools = lambda event_id: list(SeatPool.objects.filter(event=event_id).order_by("pk"))
    participating.confirm_in_turn = entering.confirm_address

__all__ = ["application"]
