"""Drafts by a machine, against services of our own on loopback: good ones, and ones that fail in every way."""

import json
import logging
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from django.core.exceptions import ImproperlyConfigured, ValidationError
from django.urls import reverse

from practices import machine_translation, services
from practices.machine_translation import DeepL, LibreTranslate, MachineTranslationError, base
from practices.models import Translation
from practices.tasks import translate_by_machine

pytestmark = pytest.mark.django_db
State, Problem = Translation.State, Translation.Problem


class Service:
    """What the fake answers, and what it was asked."""

    def __init__(self):
        self.asked = []
        self.status, self.headers, self.body, self.pause = 200, {}, None, 0.0
        self.stopped = threading.Event()

    def answer(self, path, data):
        if self.body is not None:
            return self.body
        if path.endswith("/v2/translate"):
            return json.dumps({"translations": [{"text": f"DE {text}"} for text in data["text"]]}).encode()
        return json.dumps({"translatedText": [f"LT {text}" for text in data["q"]]}).encode()


@pytest.fixture
def service():
    fake = Service()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            data = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            fake.asked.append((self.path, dict(self.headers), data))
            fake.stopped.wait(fake.pause)
            body = fake.answer(self.path, data)
            try:
                self.send_response(fake.status)
                for name, value in fake.headers.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)
            except OSError:
                pass  # The client has gone, as it should.

        def log_message(self, *args):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    fake.url = f"http://127.0.0.1:{server.server_address[1]}"
    yield fake
    fake.stopped.set()
    server.shutdown()
    server.server_close()


@pytest.fixture
def switched_on(service, settings):
    settings.MACHINE_TRANSLATION = {"PROVIDER": "libretranslate", "URL": service.url, "KEY": "secret"}
    return service


def ask(desk, language="fr"):
    row = services.ask_machine(desk.practice, language, actor=desk.officer)
    translate_by_machine(row.pk)
    row.refresh_from_db()
    return row


def test_off_by_default(desk, settings):
    assert settings.MACHINE_TRANSLATION["PROVIDER"] == ""
    assert machine_translation.provider() is None
    with pytest.raises(ValidationError):
        services.ask_machine(desk.practice, "fr", actor=desk.officer)


def test_unknown_provider_is_named_at_once(settings):
    settings.MACHINE_TRANSLATION = {"PROVIDER": "babelfish", "URL": "", "KEY": ""}
    with pytest.raises(ImproperlyConfigured):
        machine_translation.provider()


def test_libretranslate_fills_what_lacks_and_marks_it(desk, switched_on):
    services.save_draft(desk.practice, "fr", {"title": "À moi"}, actor=desk.officer, seen=0)
    row = ask(desk)
    assert (row.draft["title"], row.draft["summary"]) == ("À moi", "LT Grannar talar.")
    assert "title" not in row.machine_fields
    assert (row.machine_asked_at, row.machine_problem) == (None, "")
    plain, rich = (data for _path, _headers, data in switched_on.asked)
    assert (plain["format"], plain["q"], plain["api_key"]) == ("text", ["Grannar talar."], "secret")
    assert (rich["format"], rich["source"], rich["target"]) == ("html", "sv", "fr")


def test_deepl_is_asked_in_its_own_words(service):
    found = DeepL(service.url, "key").translate(["<p>Hej</p>"], source="sv", target="en", is_html=True)
    [(path, headers, data)] = service.asked
    assert found == ["DE <p>Hej</p>"]
    assert (path, headers["Authorization"]) == ("/v2/translate", "DeepL-Auth-Key key")
    assert data == {"text": ["<p>Hej</p>"], "source_lang": "SV", "target_lang": "EN-GB", "tag_handling": "html"}


def test_running_twice_changes_nothing(desk, switched_on):
    row = ask(desk)
    translate_by_machine(row.pk)
    assert (Translation.objects.get(pk=row.pk).draft, len(switched_on.asked)) == (row.draft, 2)


def test_answer_passes_the_text_gate(desk, switched_on):
    switched_on.answer = lambda path, data: json.dumps(
        {"translatedText": [f"<p onclick=x()>{number}\u202e<script>alert(1)</script></p>" for number in data["q"]]}
    ).encode()
    row = ask(desk)
    assert not any("script" in row.draft[name] or "onclick" in row.draft[name] for name in ("challenge", "results"))
    assert not any("\u202e" in text for text in row.draft.values())


@pytest.mark.parametrize(
    ("status", "body", "problem"),
    [
        (500, b"oops", Problem.UNREACHABLE),
        (403, b"{}", Problem.REFUSED),
        (429, b"{}", Problem.QUOTA),
        (456, b"{}", Problem.QUOTA),
        (400, b"{}", Problem.REFUSED),
        (200, b"<html>", Problem.BROKEN),
        (200, b"[" * 100_000, Problem.BROKEN),
        (200, b"[]", Problem.BROKEN),
        (200, b'{"translatedText": "one text"}', Problem.BROKEN),
        (200, b'{"translatedText": [1]}', Problem.BROKEN),
        (200, b'"' + b"a" * (base.MAX_ANSWER + 1), Problem.BROKEN),
    ],
)
def test_failures_are_told_and_logged_without_the_text(desk, switched_on, caplog, status, body, problem):
    switched_on.status, switched_on.body = status, body
    with caplog.at_level(logging.DEBUG):
        row = ask(desk)
    assert (row.draft, row.machine_problem, row.machine_asked_at) == ({}, problem, None)
    assert len(switched_on.asked) == 1
    assert "Grannar" not in caplog.text
    assert "secret" not in caplog.text
    assert "No machine draft of practice" in caplog.text


def test_slow_service_is_given_up(service, monkeypatch):
    monkeypatch.setattr(base, "READ_SECONDS", 0.2)
    service.pause = 5.0
    with pytest.raises(MachineTranslationError) as failed:
        LibreTranslate(service.url).translate(["Hej"], source="sv", target="fr", is_html=False)
    assert failed.value.problem == Problem.SLOW


def test_redirect_is_not_followed(service):
    service.status, service.headers = 302, {"Location": f"{service.url}/elsewhere"}
    with pytest.raises(MachineTranslationError) as failed:
        LibreTranslate(service.url, "secret").translate(["Hej"], source="sv", target="fr", is_html=False)
    assert (failed.value.problem, len(service.asked)) == (Problem.REFUSED, 1)


def test_nobody_listening_is_told():
    with pytest.raises(MachineTranslationError) as failed:
        LibreTranslate("http://127.0.0.1:9").translate(["Hej"], source="sv", target="fr", is_html=False)
    assert failed.value.problem == Problem.UNREACHABLE


def test_what_is_not_public_is_not_sent(desk, switched_on):
    row = services.translation_of(desk.practice, "fr")
    row.save()
    desk.practice.visibility = "network"
    desk.practice.save()
    with pytest.raises(ValidationError):
        services.ask_machine(desk.practice, "fr", actor=desk.officer)
    translate_by_machine(row.pk)
    assert switched_on.asked == []


def test_editor_offers_the_machine_and_tells_its_problem(desk, client, switched_on):
    client.force_login(desk.officer)
    where = reverse("workspace:translation", args=[desk.practice.pk, "fr"])
    assert 'value="machine"' in client.get(where).content.decode()
    switched_on.status = 456
    ask(desk)
    assert "has no allowance left" in client.get(where).content.decode()
