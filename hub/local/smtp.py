"""A small SMTP server for this machine alone: takes mails for the local mailbox, and plays broken servers for tests.

It speaks what a sender needs (RFC 5321, PIPELINING, 8BITMIME, ENHANCEDSTATUSCODES) and relays nothing.
"""

import asyncio
import re
import threading
from dataclasses import dataclass, field

MOST_BYTES = 20 * 1024 * 1024
MOST_LINE = 998
_ADDRESS = re.compile(rb"<([^<>\s]*)>")
OPENING = b"220 localhost ESMTP\r\n"
ABILITIES = ("PIPELINING", "8BITMIME", "SIZE 20971520", "ENHANCEDSTATUSCODES")
CUT = b""
"""An answer that is none: the line is cut."""


@dataclass
class Plan:
    """What the server answers where it does not simply accept; each may be CUT.

    `text` is said after the text was taken: the mail is kept although what is said is CUT, and not where it is a refusal.
    """

    connect: bytes | None = None
    abilities: tuple[str, ...] = ABILITIES
    sender: bytes | None = None
    recipients: dict[str, bytes] = field(default_factory=dict)
    data: bytes | None = None
    """A 354 is said even where no recipient is left."""
    text: bytes | None = None
    cut_within_text: bool = False
    seconds: float = 0.0
    """How long it takes to answer a text."""


class Conversation(asyncio.Protocol):
    """One connection. `plan()` is asked at its beginning and for each mail; `take(sender, recipients, mail)` gets mails."""

    def __init__(self, plan, take):
        self._ask, self._take = plan, take
        self._buffer = bytearray()
        self._in_text = False
        self._scanned = 0
        self._held = False
        self._forget()

    def connection_made(self, transport):
        self._transport = transport
        self._plan = self._ask()
        if self._plan.connect is None:
            self._say(OPENING)
        else:
            self._say(self._plan.connect)
            self._transport.close()

    def data_received(self, data):
        self._buffer += data
        if not self._held:
            self._read()

    def _read(self):
        while self._buffer and not self._held and not self._transport.is_closing():
            if self._in_text:
                if not self._read_text():
                    return
                continue
            end = self._buffer.find(b"\r\n")
            if end < 0:
                return
            line = bytes(self._buffer[:end])
            del self._buffer[: end + 2]
            self._command(line)

    def _command(self, line):
        verb = line[:4].upper()
        if verb in (b"EHLO", b"HELO"):
            lines = ["localhost", *self._plan.abilities]
            self._say("".join(f"250-{line}\r\n" for line in lines[:-1]).encode() + f"250 {lines[-1]}\r\n".encode())
        elif verb == b"MAIL":
            self._forget()
            self._plan = self._ask()
            if self._answer(self._plan.sender):
                self._sender = _address(line)
        elif verb == b"RCPT":
            address = _address(line)
            if self._sender is None:
                self._say(b"503 5.5.1 MAIL first\r\n")
            elif self._answer(self._plan.recipients.get(address)):
                self._recipients.append(address)
        elif verb == b"DATA":
            planned = self._plan.data
            if not self._recipients and planned is None:
                self._say(b"554 5.5.1 no valid recipients\r\n")
            elif planned is not None and not planned.startswith(b"354"):
                self._answer(planned)
            else:
                self._say(planned or b"354 go on\r\n")
                self._in_text = True
                self._scanned = 0
                if self._plan.cut_within_text:
                    self._transport.abort()
        elif verb == b"RSET":
            self._forget()
            self._say(b"250 2.0.0 ok\r\n")
        elif verb == b"NOOP":
            self._say(b"250 2.0.0 ok\r\n")
        elif verb == b"QUIT":
            self._say(b"221 2.0.0 bye\r\n")
            self._transport.close()
        else:
            self._say(b"502 5.5.2 not known here\r\n")

    def _read_text(self):
        if self._buffer.startswith(b".\r\n"):
            end, length = 0, 3
        else:
            found = self._buffer.find(b"\r\n.\r\n", max(0, self._scanned - 4))
            if found < 0:
                self._scanned = len(self._buffer)
                if self._scanned > MOST_BYTES:
                    self._transport.abort()
                return False
            end, length = found + 2, 3
        text = bytes(self._buffer[:end])
        del self._buffer[: end + length]
        self._in_text = False
        if self._plan.seconds:
            self._held = True
            asyncio.get_running_loop().call_later(self._plan.seconds, self._go_on, text)
        else:
            self._taken(text)
        return True

    def _go_on(self, text):
        self._held = False
        self._taken(text)
        self._read()

    def _taken(self, text):
        if any(len(line) > MOST_LINE for line in text.split(b"\r\n")):
            self._say(b"500 5.6.0 line too long\r\n")
            return
        if not self._recipients:
            self._say(b"554 5.5.1 no valid recipients\r\n")
            return
        said = self._plan.text
        if said is None or said == CUT:
            text = text.replace(b"\r\n..", b"\r\n.")
            text = text[1:] if text.startswith(b"..") else text
            self._take(self._sender, list(self._recipients), text)
        self._forget()
        self._answer(said)

    def _answer(self, planned):
        """Say what is planned, or yes; True for a yes."""
        if planned is None:
            self._say(b"250 2.0.0 ok\r\n")
            return True
        if planned == CUT:
            self._transport.abort()
            return False
        self._say(planned)
        if planned.startswith(b"421"):
            self._transport.close()
        return False

    def _say(self, line):
        if not self._transport.is_closing():
            self._transport.write(line)

    def _forget(self):
        self._plan, self._sender, self._recipients = Plan(), None, []


def _address(line):
    found = _ADDRESS.search(line)
    return found[1].decode("utf-8", "replace") if found else ""


class MailServer:
    """A server in a thread of its own on a free port of the loopback, or on `listener`. Usable as a context manager.

    `plan` may be replaced at any time; `mails` holds (sender, recipients, bytes) unless `take` is given.
    """

    def __init__(self, *, listener=None, plan=Plan, take=None):
        self.plan, self.mails = plan, []
        self._take = take or (lambda *mail: self.mails.append(mail))
        self._listener, self._loop, self._started = listener, None, threading.Event()

    def __enter__(self):
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        self._started.wait(10)
        return self

    def __exit__(self, *exception):
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)

    def _run(self):
        self._loop = asyncio.new_event_loop()
        place = {"sock": self._listener} if self._listener else {"host": "127.0.0.1", "port": 0}
        make = self._loop.create_server(lambda: Conversation(lambda: self.plan(), self._take), **place)
        server = self._loop.run_until_complete(make)
        self.port = server.sockets[0].getsockname()[1]
        self._started.set()
        self._loop.run_forever()
        server.close()
        for task in asyncio.all_tasks(self._loop):
            task.cancel()
        self._loop.close()
