"""The state of translations, and everything that changes it."""

import pytest
from django.core.exceptions import PermissionDenied, ValidationError

from practices import services
from practices.content import digest
from practices.models import Practice, PracticeVersion, Translation
from practices.translating import field_state, source_digest
from practices.wording import changed_words, compare_sentences, sentences
from tests.factories import make_city, make_practice
from tests.practices.translating.texts import CHANGED, FIRST, italian, revise, swedish

pytestmark = pytest.mark.django_db
State = Translation.State


def states(practice):
    return dict(practice.translations.order_by("language").values_list("language", "state"))


def fields(practice, language="it"):
    row = services.translation_of(practice, language)
    return {name: str(state) for name in swedish() if (state := field_state(row, practice, name.removesuffix("_sv")))}


def stale(practice, language="it"):
    found = fields(practice, language)
    return {name: state for name, state in found.items() if state != State.UP_TO_DATE}


# The rule of the field ---------------------------------------------------------------------------


def test_officer_edits_one_sentence_and_italian_alone_is_outdated_for_that_field(desk):
    revise(desk, weight="major", description_sv=CHANGED)
    assert states(desk.practice) == {
        "ar": State.MISSING,
        "en": State.MISSING,
        "fr": State.MISSING,
        "it": State.OUTDATED,
        "ro": State.MISSING,
    }
    assert stale(desk.practice) == {"description_sv": State.OUTDATED}
    row = desk.practice.translations.get(language="it")
    assert (row.is_outdated, row.words_changed, row.words_missing) == (True, 4, 0)


def test_medium_change_needs_update_and_readers_are_not_told(desk):
    revise(desk, weight="medium", description_sv=CHANGED)
    assert stale(desk.practice) == {"description_sv": State.NEEDS_UPDATE}
    row = desk.practice.translations.get(language="it")
    assert (row.state, row.is_outdated) == (State.NEEDS_UPDATE, False)


def test_minor_change_outdates_nothing_and_the_next_one_is_compared_with_it(desk):
    revise(desk, weight="minor", description_sv=CHANGED)
    assert stale(desk.practice) == {}
    row = desk.practice.translations.get(language="it")
    assert row.confirmed["description"]["source"] == CHANGED


def test_minor_change_of_an_outdated_field_leaves_it_outdated(desk):
    revise(desk, weight="major", description_sv=CHANGED)
    revise(desk, weight="minor", description_sv=CHANGED.replace("oro", "sin oro"))
    assert stale(desk.practice) == {"description_sv": State.OUTDATED}
    assert desk.practice.translations.get(language="it").confirmed["description"]["source"] == FIRST


def test_medium_change_after_a_major_one_stays_outdated(desk):
    revise(desk, weight="major", description_sv=CHANGED)
    revise(desk, weight="medium", description_sv=CHANGED.replace("oro", "sin oro"))
    assert stale(desk.practice) == {"description_sv": State.OUTDATED}


def test_change_taken_back_is_up_to_date_again(desk):
    revise(desk, weight="major", description_sv=CHANGED)
    revise(desk, weight="major", description_sv=FIRST)
    assert stale(desk.practice) == {}
    assert states(desk.practice)["it"] == State.UP_TO_DATE


def test_pending_revision_outdates_nothing(desk):
    revise(desk, weight="major", description_sv=CHANGED, publish=False)
    assert states(desk.practice)["it"] == State.UP_TO_DATE


def test_publishing_without_a_change_outdates_nothing(desk):
    before = list(Translation.objects.order_by("pk").values("confirmed", "weights", "state"))
    revise(desk, weight="major", description_sv=FIRST)
    assert list(Translation.objects.order_by("pk").values("confirmed", "weights", "state")) == before


def test_translation_changed_in_the_same_revision_holds(desk):
    revise(desk, weight="major", description_sv=CHANGED, description_it="<p>I vicini si incontrano a scuola.</p>")
    assert stale(desk.practice) == {}


def test_section_added_to_the_source_is_missing_work(desk):
    revise(desk, weight="minor", advice_keep_sv="Två vuxna i varje rum.")
    row = desk.practice.translations.get(language="it")
    assert (row.state, row.words_missing) == (State.NEEDS_UPDATE, 5)


def test_change_in_the_administration_weighs_medium(desk):
    Practice.objects.filter(pk=desk.practice.pk).update(description_sv=CHANGED)
    desk.practice.refresh_from_db()
    services.record_edit(desk.practice, actor=desk.coordinator)
    assert stale(desk.practice) == {"description_sv": State.NEEDS_UPDATE}


def test_practice_published_for_the_first_time_holds_in_the_languages_it_has(desk):
    practice = make_practice(
        language="sv", published=False, published_at=None, city=desk.city, networks=[desk.network],
        texts=swedish() | italian(), index=False,
    )  # fmt: skip
    services.follow_sources([practice])
    assert states(practice) == {}
    services.publish(practice, actor=desk.coordinator)
    assert states(practice)["it"] == State.UP_TO_DATE


def test_another_source_language_makes_the_former_one_a_translation(desk):
    desk.practice.source_language = "it"
    desk.practice.save()
    services.record_edit(desk.practice, actor=desk.coordinator)
    found = states(desk.practice)
    assert ("it" in found, found["sv"]) == (False, State.UP_TO_DATE)


def test_following_many_practices_takes_as_many_statements_as_one(desk, django_assert_num_queries):
    practices = [make_practice(index=False) for _ in range(4)]
    with django_assert_num_queries(2):
        services.follow_sources(practices[:1])
    with django_assert_num_queries(2):
        services.follow_sources(practices[1:])


def test_recount_finds_what_a_new_language_lacks(desk):
    Translation.objects.filter(language="ro").delete()
    services.recount_translations()
    row = desk.practice.translations.get(language="ro")
    assert (row.state, row.words_missing) == (State.MISSING, 17)


# Drafts ------------------------------------------------------------------------------------------


def test_draft_is_seen_by_nobody_until_it_is_confirmed(desk):
    outcome = services.save_draft(desk.practice, "fr", {"title": "Dialogues"}, actor=desk.officer, seen=0)
    desk.practice.refresh_from_db()
    assert (outcome.saved, desk.practice.title_fr or "") == (["title"], "")
    assert states(desk.practice)["fr"] == State.IN_TRANSLATION


def test_draft_changed_by_another_is_a_conflict_and_keeps_theirs(desk):
    services.save_draft(desk.practice, "it", {"title": "Uno"}, actor=desk.second, seen=0)
    elsewhere = services.save_draft(
        desk.practice, "it", {"title": "Zero"}, actor=desk.second, seen=0, window="another"
    )
    assert elsewhere.conflicts["title"]["theirs"] == "Uno"
    outcome = services.save_draft(
        desk.practice, "it", {"title": "Due", "summary": "Breve."}, actor=desk.translator, seen=0
    )
    assert outcome.conflicts == {"title": {"theirs": "Uno", "by": "second@example.org"}}
    assert desk.practice.translations.get(language="it").draft == {"title": "Uno", "summary": "Breve."}


def test_draft_that_says_what_readers_have_is_none(desk):
    services.save_draft(desk.practice, "it", {"title": "Altro"}, actor=desk.translator, seen=0)
    services.save_draft(desk.practice, "it", {"title": italian()["title_it"]}, actor=desk.translator, seen=1)
    assert (desk.practice.translations.get(language="it").draft, states(desk.practice)["it"]) == ({}, State.UP_TO_DATE)


def test_draft_too_long_is_refused_by_field(desk):
    with pytest.raises(ValidationError) as refused:
        services.save_draft(desk.practice, "it", {"title": "a" * 121, "summary": "b"}, actor=desk.translator, seen=0)
    assert list(refused.value.message_dict) == ["title"]


def confirm(desk, language="it", actor=None, **options):
    against = source_digest(desk.practice)
    return services.confirm_translation(
        desk.practice, language, actor=actor or desk.translator, **({"against": against} | options)
    )


def test_confirm_gives_readers_the_draft_and_keeps_a_version(desk):
    revise(desk, weight="major", description_sv=CHANGED)
    text = "<p>I vicini si incontrano a scuola. Parlano delle loro paure.</p>"
    services.save_draft(desk.practice, "it", {"description": text}, actor=desk.translator, seen=0)
    confirm(desk)
    desk.practice.refresh_from_db()
    version = desk.practice.versions.first()
    assert (desk.practice.description_it, states(desk.practice)["it"]) == (text, State.UP_TO_DATE)
    assert (version.cause, version.made_by, version.content["description_it"]) == (
        PracticeVersion.Cause.TRANSLATED,
        desk.translator,
        text,
    )


def test_confirming_one_field_leaves_another_outdated_one_marked(desk):
    revise(desk, weight="major", description_sv=CHANGED, results_sv="<p>Mer lugn.</p>")
    services.save_draft(desk.practice, "it", {"results": "<p>Più calma.</p>"}, actor=desk.translator, seen=0)
    confirm(desk)
    desk.practice.refresh_from_db()
    assert stale(desk.practice) == {"description_sv": State.OUTDATED}


def test_confirm_against_a_source_that_changed_meanwhile_is_refused(desk):
    seen = source_digest(desk.practice)
    services.save_draft(desk.practice, "it", {"description": "<p>Nuovo.</p>"}, actor=desk.translator, seen=0)
    revise(desk, weight="major", description_sv=CHANGED)
    with pytest.raises(ValidationError) as refused:
        confirm(desk, against=seen)
    assert refused.value.code == "changed"


def test_confirm_without_title_and_summary_names_both(desk):
    services.save_draft(desk.practice, "fr", {"results": "<p>Calme.</p>"}, actor=desk.officer, seen=0)
    with pytest.raises(ValidationError) as refused:
        confirm(desk, "fr", actor=desk.officer)
    assert sorted(refused.value.message_dict) == ["summary", "title"]


@pytest.mark.parametrize("wanted_by", ["coordinator", "translator"])
def test_second_look_is_another_persons(desk, wanted_by):
    services.save_draft(desk.practice, "it", {"title": "Altro"}, actor=desk.translator, seen=0)
    if wanted_by == "coordinator":
        services.want_second_look(desk.practice, "it", True, actor=desk.coordinator)
    else:
        services.send_to_review(desk.practice, "it", actor=desk.translator)
        assert states(desk.practice)["it"] == State.IN_REVIEW
    with pytest.raises(ValidationError) as refused:
        confirm(desk)
    assert refused.value.code == "second-look"
    confirm(desk, actor=desk.second)
    assert states(desk.practice)["it"] == State.UP_TO_DATE


def test_second_look_is_wanted_by_coordinators_only(desk):
    with pytest.raises(PermissionDenied):
        services.want_second_look(desk.practice, "it", True, actor=desk.translator)


def test_still_fine_is_one_click_for_one_field(desk):
    revise(desk, weight="major", description_sv=CHANGED, results_sv="<p>Mer lugn.</p>")
    against = source_digest(desk.practice)
    services.still_fine(desk.practice, "it", ["description"], actor=desk.translator, against=against)
    assert stale(desk.practice) == {"results_sv": State.OUTDATED}


def test_withdrawn_translation_is_gone_and_its_text_a_draft(desk):
    services.withdraw_translation(desk.practice, "it", actor=desk.translator)
    desk.practice.refresh_from_db()
    row = desk.practice.translations.get(language="it")
    assert ([desk.practice.text(name, "it") for name in ("title", "results")], row.state) == (
        ["", ""],
        State.IN_TRANSLATION,
    )
    assert {f"{name}_it": text for name, text in row.draft.items()} == italian()


@pytest.mark.parametrize("who", ["stranger", "reviewer", "nobody"])
def test_others_translate_nothing(desk, who):
    with pytest.raises(PermissionDenied):
        services.save_draft(desk.practice, "it", {"title": "Mio"}, actor=getattr(desk, who), seen=0)


@pytest.mark.parametrize("language", ["fr", "sv", "xx"])
def test_translator_of_italian_translates_into_italian_only(desk, language):
    with pytest.raises(PermissionDenied):
        services.save_draft(desk.practice, language, {"title": "Mio"}, actor=desk.translator, seen=0)


@pytest.mark.parametrize("who", ["admin", "officer", "coordinator", "translator", "reviewer", "stranger", "nobody"])
def test_list_of_translatable_practices_agrees_with_the_predicate(desk, who):
    from practices.rules import may_translate

    naming_no_network = make_practice(city=desk.city, index=False)
    make_practice(networks=[desk.network], visibility="network", index=False)
    make_practice(networks=[desk.foreign, desk.network], index=False)
    make_practice(networks=[desk.foreign], index=False)
    make_practice(city=make_city("Bari", "IT"), index=False)
    person = getattr(desk, who)
    everything = list(Practice.objects.all())
    assert len(everything) == 6
    assert may_translate(desk.translator, naming_no_network, "it")
    for language in ("it", "fr"):
        listed = set(Practice.objects.translatable_by(person, language).values_list("pk", flat=True))
        assert listed == {practice.pk for practice in everything if may_translate(person, practice, language)}


# Machine drafts ----------------------------------------------------------------------------------


@pytest.fixture
def machine_draft(desk):
    row = services.translation_of(desk.practice, "fr")
    sources = services.wanted_from_machine(row)
    texts = {name: f"<p>machine {name}</p>" if name == "description" else f"machine {name}" for name in sources}
    row.save()
    return services.store_machine_draft(row, texts | {"results": "<p>a<script>alert(1)</script></p>"}, sources)


def test_machine_draft_is_marked_and_passes_the_gate(desk, machine_draft):
    assert (machine_draft.state, machine_draft.draft["results"]) == (State.MACHINE, "<p>a</p>")
    assert sorted(machine_draft.machine_fields) == sorted(name.removesuffix("_sv") for name in swedish())


def test_machine_draft_cannot_be_confirmed_unread(desk, machine_draft):
    services.save_draft(desk.practice, "fr", {"title": "Dialogues"}, actor=desk.officer, seen=0)
    services.mark_as_read(desk.practice, "fr", ["summary", "challenge", "description"], actor=desk.officer)
    with pytest.raises(ValidationError) as refused:
        confirm(desk, "fr", actor=desk.officer)
    assert sorted(refused.value.message_dict) == ["lessons_learned", "results"]
    with pytest.raises(ValidationError):
        services.send_to_review(desk.practice, "fr", actor=desk.officer)
    services.mark_as_read(desk.practice, "fr", ["lessons_learned", "results"], actor=desk.officer)
    confirm(desk, "fr", actor=desk.officer)
    desk.practice.refresh_from_db()
    assert (desk.practice.title_fr, desk.practice.summary_fr) == ("Dialogues", "machine summary")


def test_machine_leaves_what_a_person_wrote_meanwhile(desk):
    row = services.translation_of(desk.practice, "fr")
    sources = services.wanted_from_machine(row)
    services.save_draft(desk.practice, "fr", {"title": "À moi"}, actor=desk.officer, seen=0)
    services.store_machine_draft(row, {"title": "machine", "summary": "machine"}, sources)
    stored = desk.practice.translations.get(language="fr")
    assert (stored.draft, stored.machine_fields) == ({"title": "À moi", "summary": "machine"}, ["summary"])


# Sentences ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        ("One. Two! Three", ["One.", "Two!", "Three"]),
        ("About 3.5 per cent, e.g. here. Done.", ["About 3.5 per cent, e.g. here.", "Done."]),
        ("He said “Stop.” They did.\nNext", ["He said “Stop.”", "They did.", "Next"]),
        ("Börja tidigt. Åk hem.", ["Börja tidigt.", "Åk hem."]),
        ("اجتمع الجيران. هل تكلموا؟ نعم.", ["اجتمع الجيران.", "هل تكلموا؟", "نعم."]),
    ],
)
def test_sentences_of_any_script(text, expected):
    assert sentences(text) == expected


def test_changed_sentence_is_marked_word_by_word():
    found = compare_sentences("One is red. Two is here.\nThree.", "One is blue. Two is here.\nThree.")
    assert [(sentence.is_changed, sentence.is_last) for sentence in found] == [
        (True, False),
        (False, True),
        (False, True),
    ]
    assert [(piece.kind, piece.text) for piece in found[0].pieces] == [
        ("same", "One is"),
        ("del", "red."),
        ("ins", "blue."),
    ]


@pytest.mark.parametrize(
    ("before", "after", "expected"), [("A b. C d e.", "A b. C x e.", 3), ("A. B.", "A.", 1), ("", "A b c", 3)]
)
def test_changed_words_count_the_sentences_to_go_through(before, after, expected):
    assert changed_words(before, after) == expected


def test_digest_is_equal_for_equal_texts():
    assert digest("å") == digest("å") != digest("a")
