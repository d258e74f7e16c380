"""From what was shown at an event to a draft of the city that showed it."""

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.urls import reverse

from common.models import OutboxMail
from events.models import EventPractice
from events.services.drafting import draft_practice
from networks.models import RoleAssignment
from networks.services import grant_role
from practices.models import Practice
from tests.events.factories import make_event
from tests.factories import make_city, make_network, make_person, make_practice

pytestmark = pytest.mark.django_db
Role = RoleAssignment.Role


@pytest.fixture
def malmo():
    return make_city("Malmö")


@pytest.fixture
def event(malmo):
    return make_event(networks=[make_network(cities=[malmo])], source_language="sv", title_sv="Torgmöte")


@pytest.fixture
def host(event, admin_user):
    person = make_person("host@example.org")
    grant_role(person, Role.COORDINATOR, actor=admin_user, network=event.networks.get())
    return person


@pytest.fixture
def officer(malmo, admin_user):
    person = make_person("officer@example.org", language="sv")
    grant_role(person, Role.CONTRIBUTOR, actor=admin_user, city=malmo)
    return person


@pytest.fixture
def shown(event, malmo):
    return EventPractice.objects.create(
        event=event, city=malmo, title="Samtal på torget", note="Två <b> rader\n\noch 1 < 2"
    )


def test_draft_takes_title_note_and_the_way_to_the_event(event, malmo, host, officer, shown):
    practice = draft_practice(shown, actor=host)
    content = practice.revisions.get().content
    assert (practice.city, practice.source_language, practice.status) == (malmo, "sv", "draft")
    assert list(practice.networks.all()) == list(event.networks.all())
    assert content["title_sv"] == "Samtal på torget"
    assert content["description_sv"] == "<p>Två &lt;b&gt; rader</p><p>och 1 &lt; 2</p>"
    assert [(row["url"], row["title_sv"]) for row in content["links"]] == [
        (f"http://localhost:8000/sv/events/{event.pk}-torgm%C3%B6te/", "Torgmöte")
    ]


def test_officers_see_the_draft_and_get_a_mail_in_their_language(client, host, officer, shown):
    practice = draft_practice(shown, actor=host)
    client.force_login(officer)
    assert client.get(reverse("workspace:write", args=[practice.pk]), follow=True).status_code == 200
    mail = OutboxMail.objects.get(kind="events/practice-drafted")
    assert (mail.recipient, mail.language, str(practice.pk) in mail.link) == (officer.email, "sv", True)


def test_second_time_gives_the_same_draft_and_no_second_mail(host, officer, shown):
    first, again = draft_practice(shown, actor=host), draft_practice(shown, actor=host)
    assert (first.pk, Practice.objects.count(), OutboxMail.objects.count()) == (again.pk, 1, 1)


def test_practice_that_is_in_the_library_is_opened(client, event, host):
    practice = make_practice()
    shown = EventPractice.objects.create(event=event, practice=practice)
    assert draft_practice(shown, actor=host) == practice
    client.force_login(host)
    answer = client.post(reverse("event_desk:draft-practice", args=[event.pk, shown.pk]))
    assert (answer.status_code, answer.headers["Location"]) == (302, practice.get_absolute_url())


def test_draft_for_a_city_of_foreign_networks_is_refused_with_words(client, event, host):
    torino = make_city("Torino", "IT")
    shown = EventPractice.objects.create(event=event, city=torino, title="Piazza")
    with pytest.raises(ValidationError) as refused:
        draft_practice(shown, actor=host)
    assert (refused.value.code, Practice.objects.count()) == ("city", 0)
    client.force_login(host)
    page = client.post(reverse("event_desk:draft-practice", args=[event.pk, shown.pk]), follow=True)
    assert "Torino is in none of your networks" in page.content.decode()


def test_draft_by_somebody_who_does_not_run_the_event_is_refused(officer, shown):
    with pytest.raises(PermissionDenied):
        draft_practice(shown, actor=officer)


def test_desk_lists_what_was_shown_and_opens_the_draft(client, event, host, shown):
    client.force_login(host)
    assert "Samtal på torget" in client.get(reverse("event_desk:practices", args=[event.pk])).content.decode()
    answer = client.post(reverse("event_desk:draft-practice", args=[event.pk, shown.pk]))
    shown.refresh_from_db()
    assert answer.headers["Location"] == reverse("workspace:write", args=[shown.practice_id])


def test_practice_of_another_event_is_missing(client, event, host, shown):
    other = make_event(networks=[event.networks.get()])
    client.force_login(host)
    assert client.post(reverse("event_desk:draft-practice", args=[other.pk, shown.pk])).status_code == 404


# The way back -------------------------------------------------------------------------------------


def test_page_of_a_practice_names_the_events_at_which_it_was_shown(client, event):
    practice, other = make_practice(), make_practice()
    hidden = make_event(title_en="Hidden", visibility="network")
    proposed = make_event(title_en="Proposed")
    for one, role in ((event, "shown"), (hidden, "shown"), (proposed, "proposed")):
        EventPractice.objects.create(event=one, practice=practice, role=role)
    page = client.get(practice.get_absolute_url()).content.decode()
    assert [title in page for title in ("Torgmöte", "Hidden", "Proposed")] == [True, False, False]
    assert "Torgmöte" not in client.get(other.get_absolute_url()).content.decode()


def test_page_of_a_practice_is_new_when_its_events_change(client, event):
    practice = make_practice()

    def tag():
        return client.get(practice.get_absolute_url()).headers["ETag"]

    tags = [tag(), tag()]
    EventPractice.objects.create(event=event, practice=practice)
    tags.append(tag())
    event.title_sv = "Nytt namn"
    event.save()
    tags.append(tag())
    assert (tags[0] == tags[1], len(set(tags))) == (True, 3)
