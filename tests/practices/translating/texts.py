"""A Swedish practice and its Italian translation, and how it is revised, for tests of translations."""

from practices import services
from tests.practices.editorial import harmless

FIRST = "<p>Grannarna träffas på torget. De talar om oro.</p>"
CHANGED = "<p>Grannarna träffas i skolan. De talar om oro.</p>"


def swedish():
    return {
        "title_sv": "Samtal på torget",
        "summary_sv": "Grannar talar.",
        "challenge_sv": "<p>Oro.</p>",
        "description_sv": FIRST,
        "results_sv": "<p>Lugn.</p>",
        "lessons_learned_sv": "<p>Börja tidigt.</p>",
    }


def italian():
    return {
        "title_it": "Dialoghi in piazza",
        "summary_it": "I vicini parlano.",
        "challenge_it": "<p>Paura.</p>",
        "description_it": "<p>I vicini si incontrano in piazza. Parlano delle loro paure.</p>",
        "results_it": "<p>Calma.</p>",
        "lessons_learned_it": "<p>Iniziare presto.</p>",
    }


def revise(desk, *, weight, publish=True, **texts):
    """The officer edits the live practice; the coordinator publishes."""
    revision = services.open_revision(desk.practice, actor=desk.officer)
    changes = texts | {"harm_checklist": harmless()}
    services.save_revision(revision, changes, actor=desk.officer, seen=revision.counter, weight=weight)
    services.submit(revision, actor=desk.officer)
    if publish:
        services.approve(revision, actor=desk.coordinator)
    desk.practice.refresh_from_db()
