"""Texts that are there already count as confirmed against the source of today. Written out here, as the code may move on."""

import hashlib
import html
import json
import re

from django.conf import settings
from django.db import migrations

TEXTS = (
    "title",
    "summary",
    "challenge",
    "description",
    "results",
    "lessons_learned",
    "what_did_not_work",
    "advice_keep",
    "advice_change",
    "gender_and_inclusion",
    "harm_statement",
)
AT_ONCE = 200


def digest(value):
    return hashlib.sha256(json.dumps(value, ensure_ascii=False, sort_keys=True).encode()).hexdigest()[:32]


def record_existing(apps, schema_editor):
    Practice = apps.get_model("practices", "Practice")
    Translation = apps.get_model("practices", "Translation")
    columns = {field.name for field in Practice._meta.get_fields()}
    codes = [code for code, _ in settings.LANGUAGES if f"title_{code}" in columns]
    names = [f"{name}_{code}" for name in TEXTS for code in codes]
    rows = Practice.objects.filter(published_at__isnull=False).order_by("pk")
    last = 0
    while chunk := list(rows.filter(pk__gt=last).values("pk", "source_language", *names)[:AT_ONCE]):
        last = chunk[-1]["pk"]
        Translation.objects.bulk_create(
            [
                translation(Translation, row, code)
                for row in chunk
                for code in codes
                if code != row["source_language"] and f"title_{row['source_language']}" in columns
            ],
            ignore_conflicts=True,
        )


def translation(Translation, row, code):
    texts = {name: (row[f"{name}_{row['source_language']}"] or "", row[f"{name}_{code}"] or "") for name in TEXTS}
    missing = [source for source, target in texts.values() if source and not target]
    exists = bool(texts["title"][1] and texts["summary"][1])
    return Translation(
        practice_id=row["pk"],
        language=code,
        source_language=row["source_language"],
        stage="confirmed" if exists else "in-translation",
        confirmed={
            name: {"source": source, "target": digest(target)} for name, (source, target) in texts.items() if target
        },
        state="missing" if not exists else "needs-update" if missing else "up-to-date",
        words_missing=sum(len(html.unescape(re.sub("<[^>]*>", " ", text)).split()) for text in missing),
    )


class Migration(migrations.Migration):
    dependencies = [("practices", "0006_translation_states")]

    operations = [migrations.RunPython(record_existing, migrations.RunPython.noop, elidable=True)]
