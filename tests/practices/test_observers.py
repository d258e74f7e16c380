import pytest
from celery import current_app
from django.conf import settings
from django.db import connection
from django.test.utils import CaptureQueriesContext
from kombu.exceptions import OperationalError

from common import background
from networks.models import City, Membership, Network, Organisation
from practices import tasks
from practices.models import FacetDocument, Practice, SearchDocument
from practices.search.catalogue import catalogue
from practices.search.facets import FACET
from practices.search.indexing import library_version
from practices.services import differing_from_index, practices_using
from tests.factories import make_city, make_network, make_practice, make_term
from vocabularies.models import Scheme, Term

pytestmark = pytest.mark.django_db


@pytest.fixture
def queue(monkeypatch):
    sent = []
    monkeypatch.setattr(background, "_send", lambda task, args: sent.append((task, *args)))
    return sent


def found_by(word, language="en"):
    """Practices whose search document has the word."""
    documents = SearchDocument.objects.extra(where=["words @@ %s::tsquery"], params=[f"'{language}/{word}'"])
    return sorted(documents.filter(language=language).values_list("practice_id", flat=True))


@pytest.mark.parametrize(
    ("make", "field"),
    [
        (lambda: make_term(Scheme.THEME, "youth", label_en="Youth"), "label_en"),
        (lambda: make_term(Scheme.DELIVERED_BY, "police", label_en="Police"), "label_en"),
        (lambda: make_network("nordic", name_en="Nordic"), "name_en"),
        (lambda: make_city("Malmö"), "name_en"),
    ],
)
def test_new_name_is_found_after_the_task(queue, django_capture_on_commit_callbacks, make, field):
    record = make()
    practice = make_practice(
        themes=[record] if getattr(record, "scheme", "") == Scheme.THEME else (),
        networks=[record] if isinstance(record, Network) else (),
        **({"city": record} if isinstance(record, City) else {}),
    )
    if getattr(record, "scheme", "") == Scheme.DELIVERED_BY:
        practice.delivered_by.add(record)
    make_practice()
    queue.clear()

    with django_capture_on_commit_callbacks(execute=True):
        setattr(record, field, "Zyxwvut")
        record.save()
    assert queue == [("practices.tasks.reindex_where", record._meta.model_name, record.pk)]
    assert found_by("zyxwvut") == []
    tasks.reindex_where(*queue[0][1:])

    assert found_by("zyxwvut") == [practice.pk]


def test_changed_order_of_evidence_reaches_the_index():
    level = make_term(Scheme.EVIDENCE_LEVEL, "strong", order=3)
    practice = make_practice(evidence_level=level)
    level.order = 6
    level.save()

    tasks.reindex_where("term", level.pk)

    assert FacetDocument.objects.get(pk=practice.pk).evidence_rank == 6


def test_changed_country_moves_the_practices():
    city = make_city("Malmö", "SE")
    practice = make_practice(city=city)
    before = FacetDocument.objects.get(pk=practice.pk).facets
    city.country = "DK"
    city.save()

    tasks.reindex_where("city", city.pk)

    assert FacetDocument.objects.get(pk=practice.pk).facets != before


@pytest.mark.parametrize("change", ["term", "network", "city", "membership", "organisation", "new membership", "gone"])
def test_change_of_what_pages_show_gives_the_labels_a_new_number(change):
    city, network = make_city(), make_network("nordic")
    membership = Membership.objects.create(city=city, network=network)
    organisation = Organisation.objects.create(name_en="A")
    changes = {
        "term": make_term(Scheme.THEME, "youth").save,
        "network": network.save,
        "city": city.save,
        "membership": membership.save,
        "organisation": organisation.save,
        "new membership": lambda: Membership.objects.create(city=make_city(), network=network),
        "gone": membership.delete,
    }
    before = library_version()

    changes[change]()

    assert library_version()[1] > before[1]


def test_label_is_new_on_the_page_at_once():
    term = make_term(Scheme.THEME, "youth", label_en="Youth")
    catalogue("en", library_version()[1])
    term.label_en = "Young people"
    term.save()

    value = catalogue("en", library_version()[1]).value("theme", "youth")

    assert value.label == "Young people"


def test_new_record_needs_no_reindexing(queue, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        make_term(Scheme.THEME, "youth")
        make_city()
        make_network("nordic")

    assert queue == []


def test_removed_network_leaves_the_index(queue, django_capture_on_commit_callbacks):
    network = make_network("nordic", name_en="Zyxwvut")
    practice = make_practice(networks=[network])
    code = FACET["network"].code(network.pk)
    queue.clear()

    with django_capture_on_commit_callbacks(execute=True):
        network.delete()
    assert queue == [("practices.tasks.reindex_practices", [practice.pk])]
    tasks.reindex_practices(queue[0][1])

    assert code not in FacetDocument.objects.get(pk=practice.pk).facets
    assert found_by("zyxwvut") == []


def test_practices_using_names_public_ones_only():
    network = make_network("nordic")
    public = make_practice(networks=[network])
    make_practice(networks=[network], published=False)
    make_practice()

    assert practices_using("network", network.pk) == [public.pk]


def test_save_survives_a_broker_that_is_down(monkeypatch, django_capture_on_commit_callbacks, caplog):
    def refuse(*args, **kwargs):
        raise OperationalError("no broker")

    network = make_network("nordic")
    monkeypatch.setattr(current_app.tasks["practices.tasks.reindex_where"], "apply_async", refuse)
    monkeypatch.setitem(background._pause, "until", 0.0)

    with django_capture_on_commit_callbacks(execute=True):
        network.name_en = "Renamed"
        network.save()

    assert Network.objects.get().name_en == "Renamed"
    assert "could not be handed to the workers" in caplog.text


def test_reindex_where_works_in_chunks(monkeypatch):
    network = make_network("nordic")
    practices = [make_practice(networks=[network]) for _ in range(3)]
    chunks = []
    monkeypatch.setattr(tasks, "CHUNK", 2)
    monkeypatch.setattr(tasks, "reindex", chunks.append)

    tasks.reindex_where("network", network.pk)

    assert chunks == [[practices[0].pk, practices[1].pk], [practices[2].pk]]
    assert Practice.objects.count() == 3


# What was lost with the broker -------------------------------------------------------------------


@pytest.fixture
def practice():
    return make_practice(
        city=make_city("Malmö", "SE", slug="malmo"),
        networks=[make_network("nordic", name_en="Nordic")],
        themes=[make_term(Scheme.THEME, "youth", label_en="Youth", synonyms_en="teenagers", label_sv="Ungdom")],
        evidence_level=make_term(Scheme.EVIDENCE_LEVEL, "strong", order=3),
    )


def change(records, **values):
    """As a save whose task was lost."""
    getattr(records, "objects", records).update(**values)


def differing():
    return [pk for ids in differing_from_index() for pk in ids]


def test_index_that_is_up_to_date_is_left_alone(practice):
    make_practice(language="sv", texts={"description_sv": "<p>ungdom teenagers</p>"})
    make_practice(published=False)

    assert differing() == []


@pytest.mark.parametrize(
    "lose",
    [
        lambda practice: change(practice.themes, label_en="Zyxwvut"),
        lambda practice: change(practice.themes, label_sv="Zyxwvut"),
        lambda practice: change(practice.themes, label_sv=""),
        lambda practice: change(practice.themes, synonyms_en="zyxwvut"),
        lambda practice: change(practice.themes, synonyms_en=""),
        lambda practice: change(practice.networks, name_en="Zyxwvut"),
        lambda practice: change(City, name_en="Zyxwvut"),
        lambda practice: change(City, country="DK"),
        lambda practice: change(Term, order=6),
        lambda practice: practice.networks.clear(),
        lambda practice: SearchDocument.objects.filter(practice=practice, language="ar").delete(),
        lambda practice: FacetDocument.objects.filter(pk=practice.pk).delete(),
        lambda practice: change(Practice, status="archived"),
    ],
)
def test_what_the_index_missed_is_found_and_caught_up(practice, lose):
    lose(practice)

    found = differing()
    tasks.catch_up_index()

    assert found == [practice.pk]
    assert differing() == []


def test_new_name_lost_with_the_broker_is_found_after_the_night(practice):
    other = make_practice()
    change(practice.networks, name_en="Zyxwvut")

    tasks.catch_up_index()

    assert found_by("zyxwvut") == [practice.pk]
    assert other.pk not in found_by("nordic")


def test_index_is_compared_with_constant_queries(practice, django_assert_num_queries):
    with CaptureQueriesContext(connection) as one:
        differing()
    make_practice(networks=[make_network("other")])
    make_practice(language="ar")

    with django_assert_num_queries(len(one)):
        differing()


def test_index_is_compared_every_night():
    entry = settings.CELERY_BEAT_SCHEDULE["catch-up-index"]

    assert entry["task"] == tasks.catch_up_index.name
