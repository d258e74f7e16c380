"""`python -m bench deliveries`: how fast mail in bulk is handed over with all marks written; see docs/benchmark.md."""

import argparse
import multiprocessing
import os
import resource
import smtplib
import time
import uuid
from pathlib import Path

from bench.seats import prepare_database

MAIL_BYTES = 12_000
HEAD = "| what | number | a second | seconds | processor s | memory MB | each once |\n|---|---|---|---|---|---|---|"
"""Of the rows that `row` prints."""


def main(arguments):
    parser = argparse.ArgumentParser(prog="bench deliveries", description=__doc__)
    parser.add_argument("--recipients", type=int, default=20_000)
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args(arguments)
    prepare_database("deliveries")
    with Sink() as sink:
        os.environ["EMAIL_URL"] = f"smtp://127.0.0.1:{sink.port}"
        point_to(sink.port)
        print(f"\n{options.recipients:,} recipients, {options.workers} processes\n")
        print(HEAD)
        measured = timed(bare_smtplib, options.recipients, options.workers, sink.port, MAIL_BYTES)
        row("bare smtplib, no database", options.recipients, measured, sink)
        measured = timed(bare_line, options.recipients, options.workers, sink.port, MAIL_BYTES)
        row("our own line, no database", options.recipients, measured, sink)
        sound = whole(options.recipients, options.workers, sink)
    return 0 if sound else 1


def point_to(port):
    from django.conf import settings

    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", port


class Sink:
    """A mail server in a process of its own that counts."""

    def __enter__(self):
        here, there = multiprocessing.Pipe()
        self._pipe = here
        self.process = multiprocessing.get_context("fork").Process(target=_sink, args=[there], daemon=True)
        self.process.start()
        self.port = here.recv()
        return self

    def __exit__(self, *exception):
        self.process.terminate()
        self.process.join()

    def taken(self):
        """How many mails came since the last question, to how many different recipients, and of how many bytes in all."""
        self._pipe.send("taken")
        return self._pipe.recv()


def _sink(pipe):
    from hub.local.smtp import MailServer

    taken, sizes = [], []

    def take(sender, recipients, mail):
        taken.append(recipients[0])
        sizes.append(len(mail))

    with MailServer(take=take) as server:
        pipe.send(server.port)
        while True:
            pipe.recv()
            pipe.send((len(taken), len(set(taken)), sum(sizes)))
            taken.clear()
            sizes.clear()


def bare_smtplib(count, sent, port, size):
    """The limit of the sink: smtplib on one connection per process, the same bytes to all, no database."""
    mail = _mail(size)
    with smtplib.SMTP("127.0.0.1", port) as line:
        line.ehlo()
        for number in range(count):
            line.mail("hub@hub.example")
            line.rcpt(f"reader-{os.getpid()}-{number}@city.example")
            line.data(mail)
    sent.put(peak())


def bare_line(count, sent, port, size):
    """The same by the line that serves production."""
    from newsletters.lines import SmtpLine

    class Skeleton:
        sender = "hub@hub.example"

        def filled(self, recipient, key, message_id):
            return mail

    mail, line = _mail(size), SmtpLine()
    for number in range(count):
        line.send(Skeleton(), f"reader-{os.getpid()}-{number}@city.example", "", "")
    line.close()
    sent.put(peak())


def _mail(size):
    return (b"Subject: x\r\n\r\n" + b"x" * 70 + b"\r\n") * int(size // 86)


def whole(recipients, workers, sink):
    """One newsletter by the code that serves production."""
    from django.db import connection

    from newsletters.models import Delivery

    make_campaign(recipients)
    warm_up()
    connection.close()
    measured = timed(send_rows, recipients, workers, sink.port)
    row("newsletter, each mail marked before and after", recipients, measured, sink)
    left = Delivery.objects.exclude(state=Delivery.State.ACCEPTED).count()
    return left == 0


def warm_up():
    """Load what a worker has loaded once it has sent its first mail."""
    from django.urls import reverse

    reverse("newsletters_plain:one-click", args=["key"])


def send_rows(count, sent, port):
    """All that is queued, by the code that serves production."""
    from newsletters.services.delivering import send_all_due

    send_all_due(seconds=3600)
    sent.put(peak())


def timed(target, recipients, workers, *others):
    """(seconds, seconds of the processor in the workers, MB of the largest)."""
    context = multiprocessing.get_context("fork")
    sent = context.Queue()
    processes = [context.Process(target=target, args=[recipients // workers, sent, *others]) for _ in range(workers)]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    started = time.perf_counter()
    for process in processes:
        process.start()
    memory = max(sent.get() for _ in processes)
    for process in processes:
        process.join()
    seconds = time.perf_counter() - started
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return seconds, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, memory


def peak():
    """Megabytes that this process has held at most; what `getrusage` tells would count its parent's."""
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


def row(what, count, measured, sink=None):
    """Print what `timed` gave for so many; where the sink is asked, (whether each mail came once, bytes of a mail)."""
    seconds, processor, memory = measured
    is_once, told, size = True, "", 0
    if sink:
        taken, people, size = sink.taken()
        is_once = taken == people == count
        told = "yes" if is_once else f"NO: {taken} to {people}"
    figures = f"{count:,} | {count / seconds:,.0f} | {seconds:.1f} | {processor:.1f} | {memory:.0f} | {told}"
    print(f"| {what} | {figures} |", flush=True)
    return is_once, size / count


def make_campaign(recipients):
    """A newsletter of the hub that is being sent, its deliveries queued. Returns it."""
    from django.db import connection
    from django.utils import timezone

    from newsletters.addresses import address_hash
    from newsletters.composing import KEY
    from newsletters.models import Campaign, Channel, Delivery, Edition, Subscriber, Subscription

    campaign = Campaign.objects.create(
        source_language="en",
        languages=["en"],
        subject_en="News",
        state=Campaign.State.SENDING,
        content_hash="0" * 64,
        audience=recipients,
    )
    words = "<p>What cities learned from one another this month.</p>\n" * (MAIL_BYTES // 110)
    edition = Edition.objects.create(
        campaign=campaign,
        language="en",
        subject="News of the networks",
        html=f'{words}<a href="https://hub.example/{KEY}/">Leave</a>',
        text=f"{words}\nhttps://hub.example/{KEY}/",
        content_hash=uuid.uuid4().hex * 2,
    )
    now = timezone.now()
    for start in range(0, recipients, 5000):
        numbers = range(start, min(start + 5000, recipients))
        addresses = [f"reader-{campaign.pk}-{number}@city.example" for number in numbers]
        people = Subscriber.objects.bulk_create(
            Subscriber(email=one, email_hash=address_hash(one), domain="city.example", languages=["en"])
            for one in addresses
        )
        Subscription.objects.bulk_create(
            Subscription(subscriber=person, channel=Channel.NEWSLETTER, state="active", active_from=now)
            for person in people
        )
        Delivery.objects.bulk_create(
            Delivery(
                key=uuid.uuid5(campaign.uid, str(person.uid)),
                campaign=campaign,
                subscriber=person,
                edition=edition,
                domain=person.domain,
                next_attempt_at=now,
            )
            for person in people
        )
    with connection.cursor() as cursor:
        cursor.execute("VACUUM (ANALYZE) newsletters_delivery, newsletters_subscriber, newsletters_subscription")
    return campaign
