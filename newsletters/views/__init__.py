from newsletters.views.leaving import one_click
from newsletters.views.preferences import of_account, of_key
from newsletters.views.subscribing import confirm, subscribe, subscribe_sent

__all__ = ["confirm", "of_account", "of_key", "one_click", "subscribe", "subscribe_sent"]
