"""The local set-up: a private PostgreSQL and Valkey for a checkout, and the processes of the portal on top of them.

Nothing here imports Django before a database exists, and nothing here is used where `DATABASE_URL` and `REDIS_URL`
name outside servers.
"""

from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent.parent
HOME = CHECKOUT / ".local"
