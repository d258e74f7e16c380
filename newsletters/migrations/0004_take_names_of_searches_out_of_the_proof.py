from django.db import migrations

SAVED = {
    "ar": ("بحث محفوظ", "بحث محفوظ"),
    "en": ("Saved search", "A saved search"),
    "fr": ("Recherche enregistrée", "Une recherche enregistrée"),
    "it": ("Ricerca salvata", "Una ricerca salvata"),
    "ro": ("Căutare salvată", "O căutare salvată"),
    "sv": ("Sparad sökning", "En sparad sökning"),
}
"""{language: (how a line with a name begins, the whole line that is written since)}, as they stood in the translations."""


def forget_names(apps, schema_editor):
    """Names of searches, which somebody typed, in what people agreed to; other lines stay, whatever they say."""
    table = apps.get_model("newsletters", "ConsentEvent")._meta.db_table
    with schema_editor.connection.cursor() as cursor:
        for named, unnamed in SAVED.values():
            line = rf"^{named}\s?: .*$"
            # "n": a line is a line, and a dot goes no further.
            cursor.execute(
                f"UPDATE {table} SET text = regexp_replace(text, %s, %s, 'gn') WHERE text ~ %s",
                [line, unnamed, f"(?n){line}"],
            )


class Migration(migrations.Migration):
    dependencies = [("newsletters", "0003_keep_the_marks_of_a_worker_in_its_claim")]

    operations = [migrations.RunPython(forget_names, migrations.RunPython.noop, elidable=True)]
