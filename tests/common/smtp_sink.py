"""A mail server that misbehaves as told, and remembers what it took."""

import asyncio
import threading
from email import message_from_bytes, policy

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, syntax

CUT, HOLD = "cut", "hold"


class Server(SMTP):
    """The library's server, cut or slowed at the steps for which a handler has no say."""

    async def _handle_client(self):
        fault = await self.event_handler.fault("CONNECT")
        if fault:
            if fault != CUT:
                await self.push(fault)
            self.transport.close()
            return
        await super()._handle_client()

    @syntax("DATA")
    async def smtp_DATA(self, arg):
        fault = await self.event_handler.fault("DATA")
        if fault == CUT:
            self.transport.close()
        elif fault == "cut after 354":
            await self.push("354 go on")
            self.transport.close()
        elif fault:
            await self.push(fault)
        else:
            await super().smtp_DATA(arg)


class AnyPort(Controller):
    def factory(self):
        return Server(self.handler)

    def _trigger_server(self):
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()


class Sink:
    """`faults` maps a step (CONNECT, MAIL, RCPT, DATA, CONTENT), or a recipient's address, to what happens there.

    That is an answer ("451 4.3.2 Busy"), a number of seconds, CUT (the line is dropped; at CONTENT the mail was taken
    all the same, and the sender never learns), or HOLD (no answer until the test is over).
    """

    def __init__(self):
        self.faults = {}
        self.accepted = []
        self.connections = 0
        self.reached = threading.Event()
        self._controller = AnyPort(self, hostname="127.0.0.1", port=0)

    def __enter__(self):
        self._controller.start()
        self.port = self._controller.port
        return self

    def __exit__(self, *_):
        self._controller.stop()

    @property
    def recipients(self):
        return [recipient for recipient, _ in self.accepted]

    @property
    def messages(self):
        return [message_from_bytes(content, policy=policy.default) for _, content in self.accepted]

    async def fault(self, *steps):
        fault = next((self.faults[step] for step in steps if step in self.faults), None)
        if fault == HOLD:
            self.reached.set()
            await asyncio.sleep(60)
        if isinstance(fault, (int, float)):
            await asyncio.sleep(fault)
            return None
        return fault

    async def handle_EHLO(self, server, session, envelope, hostname, responses):
        self.connections += 1
        session.host_name = hostname
        return responses

    async def handle_MAIL(self, server, session, envelope, address, options):
        answer = await self._answer(server, "MAIL")
        if answer == "250 OK":
            envelope.mail_from = address
        return answer

    async def handle_RCPT(self, server, session, envelope, address, options):
        answer = await self._answer(server, address, "RCPT")
        if answer == "250 OK":
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(self, server, session, envelope):
        if self.faults.get("CONTENT") in {None, CUT, HOLD} or isinstance(self.faults["CONTENT"], (int, float)):
            self.accepted.append((envelope.rcpt_tos[0], envelope.content))
        return await self._answer(server, "CONTENT")

    async def _answer(self, server, *steps):
        fault = await self.fault(*steps)
        if fault == CUT:
            server.transport.close()
        return fault or "250 OK"
