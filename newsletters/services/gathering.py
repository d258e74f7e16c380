"""What there is to tell, gathered from the records themselves.

Nothing here asks what happened "since the last time": each run looks at all of the window, so what was committed late, or
while no run took place, is found by the next one. Run twice, nothing changes.
"""

from datetime import timedelta

from django.db import connection, transaction
from django.utils import timezone

from common.languages import site_languages

LOOK_BACK = timedelta(days=90)
"""What is older is not news any more. It is longer than the longest pause between two digests of one frequency."""

_PRACTICES = """
INSERT INTO newsletters_news AS n (kind, practice_id, occasion, at, themes, networks, languages)
SELECT 'new', p.id, 0, p.published_at,
    ARRAY(SELECT theme_id FROM practices_practicetheme WHERE practice_id = p.id ORDER BY theme_id),
    ARRAY(SELECT network_id FROM practices_practice_networks WHERE practice_id = p.id ORDER BY network_id),
    {languages}
FROM practices_practice p
WHERE p.status = 'published' AND p.visibility = 'public' AND p.published_at >= %(since)s
ORDER BY p.id
ON CONFLICT (practice_id, kind, occasion) DO UPDATE
SET themes = EXCLUDED.themes, networks = EXCLUDED.networks, languages = EXCLUDED.languages
WHERE (n.themes, n.networks, n.languages) IS DISTINCT FROM (EXCLUDED.themes, EXCLUDED.networks, EXCLUDED.languages)
"""
_EVENTS = """
INSERT INTO newsletters_news AS n (kind, event_id, occasion, at, themes, networks, languages)
SELECT found.kind, e.id, found.occasion, found.at,
    ARRAY(SELECT term_id FROM events_event_themes WHERE event_id = e.id ORDER BY term_id),
    ARRAY(SELECT network_id FROM events_event_networks WHERE event_id = e.id ORDER BY network_id),
    {languages}
FROM (
    SELECT 'new' AS kind, id AS event_id, 0 AS occasion, published_at AS at FROM events_event
    WHERE published_at >= %(since)s OR published_at IS NOT NULL AND (status = 'postponed' OR ends_at >= %(now)s)
    UNION ALL
    SELECT action, event_id, id, at FROM events_eventstep
    WHERE at >= %(since)s
        AND action IN ('rescheduled', 'moved-online', 'postponed', 'cancelled', 'reported')
    UNION ALL
    -- Another day given by editing, while nobody was registered. What was rescheduled has a step at the same moment.
    SELECT 'rescheduled', c.event_id, -c.id, c.at FROM events_eventdatechange c JOIN events_event o ON o.id = c.event_id
    WHERE c.at >= %(since)s AND c.at > o.published_at
        AND (c.old_starts_at AT TIME ZONE o.time_zone)::date <> (c.new_starts_at AT TIME ZONE o.time_zone)::date
        AND NOT EXISTS (SELECT FROM events_eventstep s WHERE s.event_id = c.event_id AND s.action = 'rescheduled'
            AND s.at BETWEEN c.at AND c.at + interval '1 minute')
) AS found JOIN events_event e ON e.id = found.event_id
WHERE e.status <> 'draft' AND e.visibility = 'public'
ORDER BY e.id, found.kind, found.occasion
ON CONFLICT (event_id, kind, occasion) DO UPDATE
SET themes = EXCLUDED.themes, networks = EXCLUDED.networks, languages = EXCLUDED.languages
WHERE (n.themes, n.networks, n.languages) IS DISTINCT FROM (EXCLUDED.themes, EXCLUDED.networks, EXCLUDED.languages)
"""


@transaction.atomic
def gather(now=None) -> int:
    """Write down what is new and keep what stands there true to the records; how many rows were written or changed."""
    now = now or timezone.now()
    values = {"since": now - LOOK_BACK, "now": now}
    written = 0
    with connection.cursor() as cursor:
        # In the order of their keys, so that two at once wait for one another and never in a circle.
        cursor.execute(_PRACTICES.format(languages=_languages("p")), values)
        written += cursor.rowcount
        cursor.execute(_EVENTS.format(languages=_languages("e")), values)
        return written + cursor.rowcount


def _languages(table):
    """SQL of the languages in which a record can be read: those in which its title and summary are there."""
    cases = ", ".join(
        f"CASE WHEN {table}.title_{code} <> '' AND {table}.summary_{code} <> '' THEN '{code}' END"
        for code in site_languages()
    )
    return f"array_remove(ARRAY[{cases}]::varchar[], NULL)"
