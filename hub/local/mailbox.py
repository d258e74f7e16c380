"""The local mailbox: takes all mail that the portal of this checkout sends, and shows it. Nothing leaves the machine.

`python -m hub.local mailbox --smtp FD --web FD` serves both on sockets that it inherits.
"""

import email
import email.policy
import html
import itertools
import re
import socket
import threading
import time
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from hub.local.smtp import MailServer

KEPT = 500
PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{title}</title><style>
:root {{ color-scheme: light dark; }}
body {{ font: 16px/1.5 system-ui, sans-serif; margin: 0 auto; padding: 1rem; max-width: 60rem; }}
table {{ border-collapse: collapse; width: 100%; }}
td, th {{ text-align: start; padding: .4rem .6rem .4rem 0; vertical-align: top; border-bottom: 1px solid #8884; }}
td {{ overflow-wrap: anywhere; }}
time {{ white-space: nowrap; }}
iframe {{ width: 100%; height: 70vh; border: 1px solid #8884; background: #fff; }}
iframe.phone {{ width: 390px; max-width: 100%; }}
pre {{ white-space: pre-wrap; overflow-wrap: anywhere; }}
</style><h1>{title}</h1>{body}"""
SANDBOX = "default-src 'none'; img-src * data:; style-src 'unsafe-inline'; sandbox allow-popups"
"""What a mail may do in a browser: nothing but be looked at."""


class Mailbox:
    """Mails as files in a folder, the newest KEPT of them; names sort by time."""

    def __init__(self, folder):
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self._count = itertools.count()
        self._lock = threading.Lock()

    def take(self, sender, recipients, mail):
        with self._lock:
            name = f"{time.time_ns():020d}-{next(self._count) % 1000:03d}.eml"
            envelope = f"X-Envelope-To: {', '.join(recipients)}\r\n".encode()
            (self.folder / name).write_bytes(envelope + mail)
            for old in self.names()[KEPT:]:
                (self.folder / old).unlink(missing_ok=True)

    def names(self):
        """Newest first."""
        return sorted((path.name for path in self.folder.glob("*.eml")), reverse=True)

    def read(self, name):
        """The parsed mail, None where there is none of that name."""
        if not re.fullmatch(r"[0-9]+-[0-9]+\.eml", name) or not (self.folder / name).exists():
            return None
        return email.message_from_bytes((self.folder / name).read_bytes(), policy=email.policy.default)

    def source(self, name):
        return (self.folder / name).read_bytes().decode("utf-8", "replace")


def viewer(mailbox):
    """The class that answers a browser: a list, each mail at two widths, its text, its source."""

    class Viewer(BaseHTTPRequestHandler):
        def do_GET(self):
            parts = self.path.strip("/").split("/")
            if parts == [""]:
                return self._answer(_list(mailbox))
            mail = mailbox.read(parts[0])
            if mail is None:
                return self._answer(PAGE.format(title="No such mail", body='<p><a href="/">All mails</a>'), 404)
            if parts[1:] == ["html"]:
                body = mail.get_body(("html",))
                return self._answer(body.get_content() if body else "", policy=SANDBOX)
            if parts[1:] == ["source"]:
                return self._answer(mailbox.source(parts[0]), kind="text/plain")
            return self._answer(_mail(parts[0], mail))

        def _answer(self, text, status=200, *, kind="text/html", policy=""):
            body = text.encode()
            self.send_response(status)
            self.send_header("Content-Type", f"{kind}; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Cache-Control", "no-store")
            if policy:
                self.send_header("Content-Security-Policy", policy)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args):
            """What a developer reads is of no interest to the terminal."""

    return Viewer


def _list(mailbox):
    rows = []
    for name in mailbox.names()[:200]:
        mail = mailbox.read(name)
        if mail is not None:
            at = datetime.fromtimestamp(int(name.split("-")[0]) / 1e9)
            language = html.escape(str(mail["Content-Language"] or ""))
            rows.append(
                f"<tr><td><time>{at:%H:%M:%S}</time><td>{html.escape(str(mail['X-Envelope-To']))}<td>{language}"
                f'<td><a dir="auto" href="/{name}">{html.escape(str(mail["Subject"]))}</a>'
            )
    body = f"<table><tr><th>At<th>To<th>Language<th>Subject{''.join(rows)}</table>" if rows else "<p>No mail yet."
    return PAGE.format(title="Local mailbox", body=body)


def _mail(name, mail):
    text = mail.get_body(("plain",))
    subject = html.escape(str(mail["Subject"]))
    shown = ("From", "To", "Date", "List-Id", "List-Unsubscribe", "Content-Language")
    heads = "".join(f"<tr><th>{key}<td>{html.escape(str(mail[key]))}" for key in shown if mail[key])
    body = (
        f'<p><a href="/">All mails</a> · <a href="/{name}/source">Source</a><table>{heads}</table>'
        f'<h2>On a desk</h2><iframe src="/{name}/html" title="On a desk"></iframe>'
        f'<h2>On a phone</h2><iframe class="phone" src="/{name}/html" title="On a phone"></iframe>'
        f'<h2>Text</h2><pre dir="auto">{html.escape(text.get_content() if text else "")}</pre>'
    )
    return PAGE.format(title=subject, body=body)


def serve(folder, smtp: socket.socket, web: socket.socket):
    """Take mails and show them until the process is ended."""
    mailbox = Mailbox(folder)
    server = ThreadingHTTPServer(web.getsockname(), viewer(mailbox), bind_and_activate=False)
    server.socket.close()
    server.socket = web
    server.daemon_threads = True
    with MailServer(listener=smtp, take=mailbox.take):
        server.serve_forever()
