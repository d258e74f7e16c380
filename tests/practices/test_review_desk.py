import itertools
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from networks.services import grant_role
from practices import services
from practices.models import Practice, PracticeImage, ReviewComment, Revision
from tests.factories import make_city, make_person, make_practice, make_term
from tests.practices.conftest import Role
from tests.practices.editorial import complete, harmless
from vocabularies.models import Scheme

pytestmark = pytest.mark.django_db
Stage = Revision.Stage
SCORES = {"relevance": 3, "clarity": 2, "evidence": 1, "transferability": 3, "ethics": 0}


@pytest.fixture
def asked(hub, submitted):
    """A submitted revision that the reviewer was asked to judge."""
    services.assign_reviewer(submitted, hub.reviewer, actor=hub.coordinator)
    submitted.refresh_from_db()
    return submitted


def submit_another(hub, **changes):
    revision = services.start_practice(actor=hub.officer, city=hub.city, source_language="sv")
    services.save_revision(revision, complete(**changes), actor=hub.officer, seen=0)
    return services.submit(revision, actor=hub.officer)


def page_of(client, person, name, *args, **query):
    client.force_login(person)
    return client.get(reverse(f"workspace:{name}", args=args), query)


def post_as(client, person, name, *args, **data):
    client.force_login(person)
    return client.post(reverse(f"workspace:{name}", args=args), data)


# Who may open and do what ------------------------------------------------------------------------

PEOPLE = ("anonymous", "outsider", "officer", "reviewer", "coordinator", "stranger", "admin")
EXPECTED = {
    # address: status for each of PEOPLE
    ("GET", "review-queue"): (302, 404, 403, 200, 200, 200, 200),
    ("GET", "review"): (302, 404, 200, 200, 200, 404, 200),
    ("POST", "review-assign"): (401, 404, 403, 403, 422, 404, 422),
    ("POST", "review-approve"): (401, 404, 403, 403, 302, 404, 302),
    ("POST", "review-request-changes"): (401, 404, 422, 422, 422, 404, 422),
    ("POST", "review-reject"): (401, 404, 403, 403, 422, 404, 422),
    ("POST", "review-release"): (401, 404, 403, 403, 403, 404, 403),
    ("POST", "review-discard"): (401, 404, 302, 403, 302, 404, 302),
    ("POST", "review-finish"): (401, 404, 422, 422, 422, 404, 422),
    ("POST", "review-comment"): (401, 404, 422, 422, 422, 404, 422),
    ("POST", "comment-settle"): (302, 404, 302, 403, 302, 404, 302),
    ("GET", "practice-history"): (302, 404, 200, 403, 200, 404, 200),
    ("POST", "practice-restore"): (302, 404, 403, 403, 302, 404, 302),
    ("GET", "practice-withdraw"): (302, 404, 403, 403, 403, 404, 403),
    ("GET", "practice-confirm"): (302, 404, 403, 403, 403, 404, 403),
    ("GET", "practice-adapt"): (302, 404, 403, 403, 403, 404, 403),
    ("GET", "adaptations"): (302, 404, 200, 200, 200, 200, 200),
}
"""Of a practice in review by the reviewer, that is not published."""


@pytest.mark.parametrize(
    ("method", "name", "who", "status"),
    [(*key, who, status) for key, row in EXPECTED.items() for who, status in zip(PEOPLE, row, strict=True)],
)
def test_review_desk_answers_each_role(client, hub, asked, method, name, who, status):
    hub.outsider = make_person()
    remark = services.comment(asked, "Why?", actor=hub.reviewer)
    arguments = {"review-queue": [], "adaptations": [], "comment-settle": [remark.pk]}
    arguments |= {"practice-restore": [asked.practice_id, 1]}
    of_practice = [asked.practice_id] if name.startswith("practice") else [asked.pk]
    address = reverse(f"workspace:{name}", args=arguments.get(name, of_practice))
    if who != "anonymous":
        client.force_login(getattr(hub, who))
    answer = client.get(address) if method == "GET" else client.post(address)
    assert answer.status_code == status
    if status == 401:
        assert reverse("workspace:review", args=[asked.pk]) in answer.context["sign_in"]
    elif who == "anonymous":
        assert answer.url == f"{address[:3]}/accounts/login/?next={address}"


def test_officer_who_may_not_review_is_refused_with_complete_form(client, hub, asked):
    typed = {f"finish-{name}": score for name, score in SCORES.items()} | {"finish-verdict": "publish"}
    assert post_as(client, hub.officer, "review-finish", asked.pk, **typed).status_code == 403
    assert (
        post_as(client, hub.officer, "review-request-changes", asked.pk, **{"request-changes-note": "x"}).status_code
        == 403
    )


# The queue ---------------------------------------------------------------------------------------


def test_queue_lists_own_network_longest_waiting_first(client, hub, submitted):
    second = submit_another(hub, title_sv="Senare")
    foreign = make_practice(language="it", networks=[hub.foreign], published=False)
    Revision.objects.create(practice=foreign, stage=Stage.SUBMITTED, stage_since=timezone.now())
    Revision.objects.filter(pk=second.pk).update(stage_since=timezone.now() - timedelta(days=20))
    Revision.objects.filter(pk=submitted.pk).update(stage_since=timezone.now() - timedelta(days=8))
    answer = page_of(client, hub.coordinator, "review-queue")
    rows = answer.context["page"].rows
    assert [(row.pk, row.days, row.age) for row in rows] == [(second.pk, 20, "late"), (submitted.pk, 8, "waiting")]
    assert [(str(network), count) for network, count in answer.context["by_network"]] == [("nordic", 2)]
    assert str(foreign) not in answer.content.decode()


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"network": "nordic"}, 1),
        ({"network": "foreign"}, 1),
        ({"stage": "submitted"}, 1),
        ({"stage": "in-review"}, 0),
        ({"theme": "youth"}, 1),
        ({"theme": "sport"}, 0),
        ({"language": "sv"}, 1),
        ({"language": "it"}, 0),
        ({"page": "99"}, 0),
        ({"page": "x", "stage": "y", "language": "z"}, 1),
    ],
)
def test_queue_is_filtered_by_the_address(client, hub, submitted, query, found):
    make_term(Scheme.THEME, "sport")
    assert len(page_of(client, hub.coordinator, "review-queue", **query).context["page"].rows) == found


def test_queue_takes_constant_queries(client, hub, asked):
    client.force_login(hub.coordinator)
    client.get(reverse("workspace:review-queue"))
    counts = []
    for _ in range(2):
        with CaptureQueriesContext(
            connection,
        ) as queries:
            client.get(reverse("workspace:review-queue"))
        counts.append(len(queries))
        for title in ("Två", "Tre"):
            services.assign_reviewer(submit_another(hub, title_sv=title), hub.reviewer, actor=hub.coordinator)
    assert counts[0] == counts[1]


def test_queue_of_ten_thousand_is_paged(client, hub):
    practices = Practice.objects.bulk_create(Practice(source_language="sv", city=hub.city) for _ in range(10_000))
    since = timezone.now()
    Revision.objects.bulk_create(
        Revision(practice=one, stage=Stage.SUBMITTED, stage_since=since, content={"title_sv": "T" * 40})
        for one in practices
    )
    answer = page_of(client, hub.coordinator, "review-queue", page="400")
    assert (answer.context["page"].total, len(answer.context["page"].rows)) == (10_000, 25)
    assert answer.context["pages"][-1]["number"] == 400


def test_reviewer_sees_what_is_assigned_and_no_queue(client, hub, asked):
    submit_another(hub)
    answer = page_of(client, hub.reviewer, "review-queue")
    assert [row.pk for row in answer.context["mine"]] == [asked.pk]
    assert "page" not in answer.context


def test_reviewer_load_counts_open_reviews(client, hub, asked):
    [person] = page_of(client, hub.coordinator, "review-queue").context["load"]
    assert (person, person.open_reviews) == (hub.reviewer, 1)


# A revision's page -------------------------------------------------------------------------------


def test_review_page_shows_the_record_and_comments_beside_their_field(client, hub, asked):
    post_as(client, hub.reviewer, "review-comment", asked.pk, field="summary_sv", text="Kortare <b>tack</b>.")
    answer = page_of(client, hub.coordinator, "review", asked.pk)
    entries = {entry.name: entry for entry in answer.context["entries"]}
    assert (entries["summary_sv"].text, entries["summary_sv"].language) == ("Grannar talar med varandra.", "sv")
    assert [remark.text for remark in entries["summary_sv"].comments] == ["Kortare <b>tack</b>."]
    assert "<b>tack</b>" not in answer.content.decode()


def test_review_page_shows_harm_answers_to_deciders_alone(client, hub, asked):
    assert page_of(client, hub.coordinator, "review", asked.pk).context["checklist"] != []
    assert page_of(client, hub.reviewer, "review", asked.pk).context["checklist"] == []


def test_review_page_of_resubmission_compares_with_the_last_submitted(client, hub, submitted):
    services.request_changes(submitted, actor=hub.coordinator, note="Kortare.")
    services.save_revision(submitted, {"title_sv": "Samtal i parken"}, actor=hub.officer, seen=1)
    services.submit(submitted, actor=hub.officer)
    answer = page_of(client, hub.coordinator, "review", submitted.pk)
    [difference] = answer.context["differences"]
    assert [(piece.kind, piece.text) for piece in difference.pieces] == [
        ("same", "Samtal"),
        ("del", "på torget"),
        ("ins", "i parken"),
    ]
    assert '<del><span class="unseen" lang="en">removed: </span>på torget</del>' in answer.content.decode()


def test_review_page_of_pending_revision_compares_with_the_live_version(client, hub):
    practice = make_practice(language="sv", city=hub.city, networks=[hub.network])
    revision = services.open_revision(practice, actor=hub.officer)
    changes = {"title_it": "Dialoghi", "harm_checklist": harmless()}
    services.save_revision(revision, changes, actor=hub.officer, seen=0)
    services.submit(revision, actor=hub.officer)
    # Put right meanwhile: approving would not undo it, so it is no difference.
    Practice.objects.filter(pk=practice.pk).update(summary_sv="Rättad.")
    answer = page_of(client, hub.coordinator, "review", revision.pk)
    assert answer.context["against"] == "live"
    assert [one.name for one in answer.context["differences"]] == ["title_it", "harm_checklist"]


def test_review_is_handed_in_by_form(client, hub, asked):
    typed = {f"finish-{name}": score for name, score in SCORES.items()}
    refused = post_as(client, hub.reviewer, "review-finish", asked.pk, **typed, **{"finish-summary": "Bra."})
    assert refused.status_code == 422
    assert "Bra." in refused.content.decode()
    accepted = post_as(
        client,
        hub.reviewer,
        "review-finish",
        asked.pk,
        **typed,
        **{"finish-summary": "Bra.", "finish-verdict": "publish"},
    )
    review = asked.reviews.get()
    assert (accepted.status_code, review.verdict, [score for _label, score in review.marks]) == (
        302,
        "publish",
        [3, 2, 1, 3, 0],
    )


def test_reject_keeps_what_was_typed_until_a_reason_is_chosen(client, hub, submitted):
    refused = post_as(client, hub.coordinator, "review-reject", submitted.pk, **{"reject-note": "Finns redan."})
    assert (refused.status_code, "Finns redan." in refused.content.decode()) == (422, True)
    post_as(
        client, hub.coordinator, "review-reject", submitted.pk, **{"reject-note": "x", "reject-reason": "duplicate"}
    )
    submitted.refresh_from_db()
    assert submitted.stage == Stage.REJECTED


def test_assignment_offers_those_of_other_cities_with_their_load(client, hub, submitted):
    answer = page_of(client, hub.coordinator, "review", submitted.pk)
    offered = [label for _value, label in answer.context["forms"]["assign"].fields["reviewer"].choices]
    assert offered == [f"{name}@example.org (open reviews: 0)" for name in ("coordinator", "reviewer", "second")]
    post_as(client, hub.coordinator, "review-assign", submitted.pk, **{"assign-reviewer": hub.reviewer.pk})
    assert submitted.reviews.get().reviewer == hub.reviewer
    unknown = post_as(client, hub.coordinator, "review-assign", submitted.pk, **{"assign-reviewer": hub.officer.pk})
    assert unknown.status_code == 422


def test_release_by_the_one_who_approved_is_refused_on_the_page(client, hub):
    checklist = harmless(minors="yes")
    checklist["minors"]["mitigation"] = "Ansikten syns inte."
    revision = submit_another(hub, harm_checklist=checklist)
    post_as(client, hub.coordinator, "review-approve", revision.pk)
    assert post_as(client, hub.coordinator, "review-release", revision.pk).status_code == 422
    assert post_as(client, hub.second, "review-release", revision.pk).status_code == 302
    assert Practice.objects.get().is_public


def test_comment_on_an_unknown_field_is_refused(client, hub, asked):
    answer = post_as(client, hub.reviewer, "review-comment", asked.pk, field="password", text="?")
    assert (answer.status_code, ReviewComment.objects.count()) == (422, 0)


# History -----------------------------------------------------------------------------------------


def test_history_has_every_door_and_compares_any_two(client, hub, admin_user):
    practice = make_practice(language="sv", city=hub.city, networks=[hub.network], published=False)
    services.publish(practice, actor=hub.admin)
    practice.title_sv = "Nytt"
    practice.save()
    services.record_edit(practice, actor=hub.admin)
    services.store([services.PracticeRecord(practice, is_new=False)], actor=hub.admin)
    answer = page_of(client, hub.officer, "practice-history", practice.pk, **{"from": "1", "to": "2"})
    causes = [(version.number, version.cause) for version in answer.context["versions"]]
    assert causes == [(3, "imported"), (2, "edited"), (1, "published")]
    assert [one.name for one in answer.context["differences"]] == ["title_sv"]


def test_history_keeps_the_state_before_the_first_recorded_change(hub):
    practice = make_practice(language="sv", city=hub.city)
    practice.title_sv = "Nytt"
    services.store([services.PracticeRecord(practice, is_new=False)], actor=hub.admin)
    titles = [version.content["title_sv"] for version in practice.versions.order_by("number")]
    assert titles == ["title " + titles[0].split()[1], "Nytt"]


def test_restore_from_the_history_opens_a_revision(client, hub):
    practice = make_practice(language="sv", city=hub.city)
    services.publish(practice, actor=hub.admin)
    Practice.objects.filter(pk=practice.pk).update(title_sv="Annat")
    answer = post_as(client, hub.officer, "practice-restore", practice.pk, 1)
    revision = practice.revisions.get()
    assert (answer.url, revision.content["title_sv"]) == (
        reverse("workspace:review", args=[revision.pk]),
        practice.versions.get(number=1).content["title_sv"],
    )


def test_restore_brings_a_removed_picture_back(client, hub, add_picture):
    practice = make_practice(language="sv", city=hub.city)
    shown, deleted = (add_picture(practice, alt_text=text) for text in ("A square", "A street"))
    old = services.keep_version(practice, "edited", actor=hub.admin)
    PracticeImage.objects.filter(pk=shown.pk).update(is_live=False)
    deleted.delete()
    answer = post_as(client, hub.officer, "practice-restore", practice.pk, old.number)
    assert [image["id"] for image in practice.revisions.get().content["images"]] == [shown.pk]
    assert "have been deleted" in client.get(answer.url).content.decode()


@pytest.fixture
def add_picture(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path

    def add(practice, **values):
        file = SimpleUploadedFile(
            "a.gif", bytes.fromhex("47494638396101000100800000000000ffffff2c00000000010001000002024401003b")
        )
        return PracticeImage.objects.create(practice=practice, file=file, **values)

    return add


# Withdrawal --------------------------------------------------------------------------------------


def test_withdrawal_needs_a_reason_and_records_it(client, hub):
    practice = make_practice(city=hub.city, networks=[hub.network])
    assert post_as(client, hub.coordinator, "practice-withdraw", practice.pk).status_code == 422
    answer = post_as(client, hub.coordinator, "practice-withdraw", practice.pk, note="Someone is recognised.")
    practice.refresh_from_db()
    [step] = practice.revisions.get().steps.all()
    assert (answer.status_code, practice.status) == (302, "withdrawn")
    assert (step.actor, step.note, step.to_stage) == (hub.coordinator, "Someone is recognised.", Stage.WITHDRAWN)


def test_withdrawn_practice_is_gone_from_every_public_place_at_once(client, hub, add_picture):
    canary = "Zephyrkanarie"
    theme_of = make_practice(texts={"title_en": "Neighbour"}, city=hub.city)
    practice = make_practice(
        city=hub.city,
        networks=[hub.network],
        themes=[theme_of.ranked_themes.get().theme],
        texts={"title_en": canary},
    )
    image = add_picture(practice, alt_text=canary)
    own = practice.get_absolute_url()
    places = [
        reverse("practices:list"),
        reverse("practices:list") + f"?q={canary}",
        reverse("practices:map"),
        reverse("practices:suggest") + "?q=zeph",
        reverse("practices:feed"),
        reverse("api:practices"),
        reverse("home"),
        theme_of.get_absolute_url(),
        hub.city.get_absolute_url(),
        hub.network.get_absolute_url(),
        "/sitemap-practices.xml",
    ]
    marks = {canary.encode(), f"/{practice.pk}-".encode()}

    def shown():
        # What the query itself repeats does not count.
        return [
            place
            for place in places
            if any(mark in client.get(place).content.replace(f'value="{canary}"'.encode(), b"") for mark in marks)
        ]

    before, tags = shown(), {place: client.get(place).get("ETag") for place in [own, *places]}
    assert {reverse("practices:list"), reverse("practices:feed"), "/sitemap-practices.xml"} <= set(before)
    assert reverse("api:practices") in before
    assert theme_of.get_absolute_url() in before
    services.withdraw(practice, actor=hub.coordinator, note="Someone is recognised.")
    searching = reverse("practices:list") + f"?q={canary}"
    assert [place for place in shown() if place != searching] == []
    assert f"/{practice.pk}-" not in client.get(searching).content.decode()
    for address in (own, own[:-1] + ".json", own[:-1] + ".pdf"):
        answer = client.get(address)
        assert (answer.status_code, canary in answer.content.decode()) == (410, False)
    assert client.get(reverse("api:practice", args=[practice.pk])).status_code == 404
    for place, tag in tags.items():
        if tag:
            assert client.get(place, headers={"if-none-match": tag}).status_code != 304
    assert not PracticeImage.objects.public().exists()
    assert not PracticeImage.objects.visible_to(hub.stranger).exists()
    assert list(PracticeImage.objects.visible_to(hub.officer)) == [image]


@pytest.mark.parametrize("values", [{"published": False}, {"visibility": "network", "status": "withdrawn"}])
def test_practice_that_never_was_public_answers_404(client, hub, values):
    practice = make_practice(city=hub.city, **values) if "published" in values else make_practice(city=hub.city)
    Practice.objects.filter(pk=practice.pk).update(**{k: v for k, v in values.items() if k != "published"})
    assert client.get(practice.get_absolute_url()).status_code == 404


def test_picture_of_a_pending_revision_is_not_on_the_public_page(client, hub, add_picture):
    practice = make_practice(city=hub.city)
    picture = add_picture(practice, alt_text="Hidden", is_live=False)
    assert picture.file.url not in client.get(practice.get_absolute_url()).content.decode()


# Confirmation ------------------------------------------------------------------------------------


def test_confirmation_asks_on_get_and_acts_on_post(client, hub):
    practice = make_practice(city=hub.city)
    Practice.objects.filter(pk=practice.pk).update(review_due_on="2026-01-01", confirmed_on="2025-01-01")
    page_of(client, hub.officer, "practice-confirm", practice.pk)
    assert str(Practice.objects.get(pk=practice.pk).confirmed_on) == "2025-01-01"
    post_as(client, hub.officer, "practice-confirm", practice.pk)
    practice.refresh_from_db()
    today = timezone.localdate()
    assert (practice.confirmed_on, practice.review_due_on.year) == (today, today.year + 2)


def test_confirmation_is_for_its_own_city(client, hub):
    other = make_person()
    grant_role(other, Role.CONTRIBUTOR, actor=hub.admin, city=make_city("Lund"))
    practice = make_practice(city=hub.city)
    assert post_as(client, other, "practice-confirm", practice.pk).status_code == 403


# The pages hold in every language ----------------------------------------------------------------


@pytest.mark.parametrize(("language", "who"), list(itertools.product(["ar", "fr"], ["coordinator", "reviewer"])))
def test_pages_are_served_in_other_languages(client, hub, asked, language, who):
    client.force_login(getattr(hub, who))
    for address in (f"/{language}/workspace/review/", f"/{language}/workspace/review/{asked.pk}/"):
        answer = client.get(address)
        assert (answer.status_code, f'<html lang="{language}"' in answer.content.decode()) == (200, True)


# The admin ---------------------------------------------------------------------------------------

REVISIONS = "/admin/practices/revision/"


def test_admin_lists_revisions_of_own_networks_and_leads_to_the_desk(client, hub, submitted):
    client.force_login(hub.coordinator)
    assert str(submitted.practice) in client.get(REVISIONS).content.decode()
    assert client.get(f"{REVISIONS}{submitted.pk}/change/").url == reverse("workspace:review", args=[submitted.pk])


def test_admin_hides_revisions_of_other_networks(client, hub, submitted):
    client.force_login(hub.stranger)
    title = str(submitted.practice)
    assert title not in client.get(REVISIONS).content.decode()
    assert client.get(REVISIONS, {"q": title}).context["cl"].result_count == 0
    assert client.get(f"{REVISIONS}{submitted.pk}/change/").status_code == 404
    assert client.get(f"{REVISIONS}{submitted.pk}/history/").status_code == 404
