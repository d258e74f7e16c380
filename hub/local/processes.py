"""Web, worker and beat as children of one process: their output with names, one orderly end for all."""

import contextlib
import ctypes
import os
import selectors
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from dataclasses import dataclass, field

from hub.local.keeper import PR_SET_PDEATHSIG, die_with_parent

PREFERRED_PORT = 8000
SECONDS_TO_STOP = 15


@dataclass
class Child:
    """`end` is the signal for an orderly end; `orphaned` is what the kernel sends when the launcher was killed."""

    name: str
    command: list
    end: signal.Signals = signal.SIGTERM
    orphaned: signal.Signals = signal.SIGTERM
    pass_fds: tuple = ()
    process: subprocess.Popen = field(default=None, repr=False)
    rest: bytes = b""


class Processes:
    """Run children until one of them ends or somebody asks us to end; then stop the others in the order given."""

    def __init__(self, children):
        self.children = children
        self._selector = selectors.DefaultSelector()
        self._width = max(len(child.name) for child in children)
        self._asked_to_end = 0

    def run(self, *, when_started=lambda: None):
        """The exit code: 0 when asked to end, 1 when a child ended by itself."""
        with self._listening_to_signals():
            try:
                for child in self.children:
                    self._start(child)
                when_started()
                ended = None
                while not self._asked_to_end and not ended:
                    self._show_output(timeout=0.2)
                    ended = next((child for child in self.children if child.process.poll() is not None), None)
                if ended:
                    self._show_output(timeout=0)
                    say(f"{ended.name} ended {_reason(ended.process.returncode)}; stopping the others.")
                else:
                    say("Stopping ...")
            finally:
                self._stop_all()
        return 1 if ended else 0

    def _start(self, child):
        child.process = subprocess.Popen(
            child.command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=os.environ | {"PYTHONUNBUFFERED": "1"},
            preexec_fn=die_with_parent(child.orphaned),
            # Ctrl-C reaches this process only, which then stops the children in order.
            start_new_session=True,
            pass_fds=child.pass_fds,
        )
        os.set_blocking(child.process.stdout.fileno(), False)
        self._selector.register(child.process.stdout, selectors.EVENT_READ, child)

    def _show_output(self, timeout):
        if not self._selector.get_map():
            time.sleep(timeout)
            return
        for key, _ in self._selector.select(timeout):
            child = key.data
            read = key.fileobj.read()
            if read is None:
                continue
            if not read:
                self._selector.unregister(key.fileobj)
            *lines, child.rest = (child.rest + (read or b"\n")).split(b"\n")
            for line in lines:
                if line:
                    say(f"{child.name:{self._width}} | {line.decode(errors='replace')}")

    def _stop_all(self):
        """One after the other; a child that does not end in time, or a second request to end, is answered by force."""
        for child in self.children:
            if not child.process or child.process.poll() is not None:
                continue
            requests = self._asked_to_end
            child.process.send_signal(child.end)
            deadline = time.monotonic() + SECONDS_TO_STOP
            while child.process.poll() is None:
                if time.monotonic() > deadline or self._asked_to_end > requests + 1:
                    say(f"{child.name} does not end; killing it")
                    os.killpg(child.process.pid, signal.SIGKILL)
                    child.process.wait()
                self._show_output(timeout=0.05)
        self._show_output(timeout=0)

    @contextlib.contextmanager
    def _listening_to_signals(self):
        def ask_to_end(*_):
            self._asked_to_end += 1

        before = {
            number: signal.signal(number, ask_to_end) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
        }
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


def listening_socket(preferred=PREFERRED_PORT):
    """A socket that listens on loopback at `preferred`, or at the next port above it that nobody has.

    The web server inherits it, so the port cannot be lost between the choice and the start.
    """
    for port in [*range(preferred, preferred + 100), 0]:
        listener = socket.socket(socket.AF_INET)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            if port and _answers_on_ipv6(port):
                raise OSError
            listener.bind(("127.0.0.1", port))
            listener.listen(512)
        except OSError:
            listener.close()
            continue
        return listener
    raise OSError("No free port.")


def when_answered(address, action, *, seconds=120):
    """Call `action` from a thread as soon as the web server answers at `address`, whatever it answers."""

    def ask():
        try:
            with urllib.request.urlopen(address, timeout=seconds):
                pass
        except urllib.error.HTTPError:
            pass
        except OSError:
            return
        action()

    threading.Thread(target=ask, daemon=True).start()


def end_with_parent():
    """Ask the kernel for SIGTERM when the process that started us (make) is killed."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, int(signal.SIGTERM))


def say(line):
    """Print, and go on without an audience: the children must be stopped in order even when the terminal is gone."""
    with contextlib.suppress(OSError):
        print(line, flush=True)


def _answers_on_ipv6(port):
    """Browsers try ::1 first for `localhost`, and would reach somebody else's server there."""
    with socket.socket(socket.AF_INET6) as probe:
        probe.settimeout(0.2)
        return probe.connect_ex(("::1", port)) == 0


def _reason(returncode):
    if returncode < 0:
        return f"by {signal.Signals(-returncode).name}"
    return f"with exit code {returncode}"
