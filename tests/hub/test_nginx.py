"""The configuration of nginx, run by nginx itself where there is one."""

import os
import shutil
import socket
import subprocess
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

CONFIGURATION = Path(__file__).resolve().parents[2] / "docker" / "nginx.conf"
NGINX = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")
KEY = "c0ffee-a-key-of-somebody"
WITH_A_KEY = [
    f"/en/events/registration/0b5ee1b0-0000-4000-8000-000000000000/{KEY}/certificate.pdf",
    f"/en/events/check-in/0b5ee1b0-0000-4000-8000-000000000000/{KEY}/",
    f"/fr/events/feedback/0b5ee1b0-0000-4000-8000-000000000000/{KEY}/",
    f"/ar/events/calendar/0b5ee1b0-0000-4000-8000-000000000000/{KEY}.ics",
    f"/en/events/certificates/{KEY}/",
    f"/en/accounts/invitation/{KEY}/",
    f"/en/events/nomination/0b5ee1b0-0000-4000-8000-000000000000/{KEY}/",
    f"/en/events/notes/0b5ee1b0-0000-4000-8000-000000000000/{KEY}/",
    f"/en/newsletter/confirm/{KEY}/",
    f"/ar/newsletter/preferences/{KEY}/leave/",
    f"/newsletter/one-click/{KEY}/",
    f"/en/%65vents/registration/0b5ee1b0-0000-4000-8000-000000000000/{KEY}/",
]

pytestmark = pytest.mark.skipif(NGINX is None, reason="nginx is not installed")


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


@pytest.fixture
def silent_portal():
    """Takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0), backlog=50) as listener:
        kept = []

        def take():
            while True:
                try:
                    kept.append(listener.accept())
                except OSError:
                    return

        threading.Thread(target=take, daemon=True).start()
        yield listener.getsockname()[1]
        for connection, _address in kept:
            connection.close()


@pytest.fixture
def nginx(tmp_path, silent_portal):
    """(address, file of the log of errors, file of the log of requests) of a running nginx."""
    port = free_port()
    text = CONFIGURATION.read_text()
    for told, here in [
        ("include /etc/nginx/mime.types;", ""),
        ("pid /tmp/nginx.pid;", f"pid {tmp_path}/pid;"),
        ("listen 80 default_server;", f"listen 127.0.0.1:{port} default_server;"),
        ("http://web:8000", f"http://127.0.0.1:{silent_portal}"),
        ("error_log /dev/stderr warn;", f"error_log {tmp_path}/errors warn;"),
        ("access_log /dev/stdout line;", f"access_log {tmp_path}/requests line;"),
        ("proxy_cache_path /tmp/pages", f"proxy_cache_path {tmp_path}/pages"),
        ("proxy_read_timeout 30s;", "proxy_read_timeout 300ms;"),
        ("proxy_next_upstream_tries 2;", "proxy_next_upstream_tries 1;"),
    ]:
        assert told in text
        text = text.replace(told, here)
    file = tmp_path / "nginx.conf"
    file.write_text(text)
    command = [NGINX, "-c", str(file), "-p", str(tmp_path), "-e", f"{tmp_path}/start"]
    checked = subprocess.run([*command, "-t"], capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stderr
    # Started by root, its workers would be somebody who may not write into folders of tests.
    user = "user root; " if os.geteuid() == 0 else ""
    process = subprocess.Popen([*command, "-g", f"{user}daemon off;"])
    try:
        _wait_for(port)
        yield f"http://127.0.0.1:{port}", tmp_path / "errors", tmp_path / "requests"
    finally:
        process.terminate()
        process.wait(10)


def _wait_for(port):
    until = time.monotonic() + 10
    while time.monotonic() < until:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    pytest.fail("nginx does not listen")


def status_of(address):
    try:
        return urllib.request.urlopen(address, timeout=10).status
    except urllib.error.HTTPError as error:
        return error.code


def test_key_in_an_address_is_in_no_log_when_the_portal_does_not_answer(nginx):
    address, errors, requests = nginx
    assert [status_of(address + path) for path in ["/en/events/", *WITH_A_KEY]] == [504] * (1 + len(WITH_A_KEY))
    # nginx writes the line of a request after it has answered.
    until = time.monotonic() + 5
    while requests.read_text().count('"status":504') <= len(WITH_A_KEY) and time.monotonic() < until:
        time.sleep(0.05)
    assert errors.read_text().count("upstream timed out") == 1
    assert "/en/events/" in errors.read_text()
    assert [KEY in file.read_text() for file in (errors, requests)] == [False, False]
    assert requests.read_text().count('"status":504') == 1 + len(WITH_A_KEY)
