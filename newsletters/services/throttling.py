"""How fast we may send, agreed among all workers in the database."""

from django.db import connection

ALL = "*"

_TAKE = """
UPDATE newsletters_throttle AS t SET
    tokens = filled.tokens - LEAST(floor(filled.tokens), %(wanted)s),
    refilled_at = filled.at
FROM (
    SELECT id, clock_timestamp() AS at,
        LEAST(burst, tokens + rate * GREATEST(0, extract(epoch FROM clock_timestamp() - refilled_at))) AS tokens
    FROM newsletters_throttle WHERE name = %(name)s FOR UPDATE
) AS filled
WHERE t.id = filled.id
RETURNING LEAST(floor(filled.tokens), %(wanted)s), t.tokens, t.rate
"""


def take(name: str, wanted: int) -> tuple[int, float, float]:
    """Take up to `wanted` tokens from a bucket: (how many were there, seconds until there is another, seconds for each).

    Where no limit is set all may go. By the clock of the database, so that the clocks of workers do not matter.
    """
    with connection.cursor() as cursor:
        cursor.execute(_TAKE, {"name": name, "wanted": wanted})
        row = cursor.fetchone()
    if row is None:
        return wanted, 0.0, 0.0
    taken, left, rate = row
    return int(taken), max(0.0, (1 - left) / rate), 1 / rate


def give_back(name: str, count: int) -> None:
    """Return tokens that were not used."""
    if count > 0:
        with connection.cursor() as cursor:
            cursor.execute(
                "UPDATE newsletters_throttle SET tokens = LEAST(burst, tokens + %s) WHERE name = %s", [count, name]
            )


def limited_domains() -> set[str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT name FROM newsletters_throttle WHERE name <> %s", [ALL])
        return {name for (name,) in cursor.fetchall()}
