"""What leaves the administration of events as a file."""

import pytest
from django.contrib.admin.models import LogEntry

from tests.events.admin.desk import full_event, overview_of
from tests.events.factories import make_event, make_registration

pytestmark = pytest.mark.django_db


def test_export_holds_own_registrations_only_and_is_logged(browser, network, foreign):
    make_registration(make_event(networks=[network]), "own@example.org", needs_diet="Halal")
    listed = b"".join(browser.post("/admin/events/registration/export/", {"kind": "csv"}).streaming_content).decode()
    chosen = browser.post(
        "/admin/events/registration/",
        {"action": "export_chosen_json", "_selected_action": [foreign["registration"].pk]},
    )

    assert ("own@example.org" in listed, "foreign-person" in listed, "Halal" in listed) == (True, False, False)
    assert not chosen.streaming or b"foreign-person" not in b"".join(chosen.streaming_content)
    assert LogEntry.objects.filter(change_message="1 row exported as CSV.").count() == 1


def test_needs_totals_leave_as_a_file_without_names(browser, network):
    event = full_event(network)
    answer = browser.post(overview_of(event), {"do": "export-needs", "kind": "csv"})
    text = b"".join(answer.streaming_content).decode()

    assert "food,Vegan,3" in text
    assert "Person" not in text
    assert LogEntry.objects.filter(object_id=event.pk, change_message="2 rows exported as CSV.").count() == 1
