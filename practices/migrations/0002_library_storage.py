"""How the library's index is stored: short values inline, long ones uncompressed beside the row; its version numbers."""

from django.db import migrations

FORWARDS = """
ALTER TABLE practices_facetbits ALTER COLUMN bits SET STORAGE EXTERNAL;
ALTER TABLE practices_searchdocument ALTER COLUMN heading SET STORAGE MAIN;
ALTER TABLE practices_searchdocument ALTER COLUMN words SET STORAGE EXTERNAL;
ALTER TABLE practices_searchdocument ALTER COLUMN facets SET STORAGE PLAIN;
CREATE SEQUENCE practices_library_version;
INSERT INTO practices_libraryversion (name, value, changed_at) VALUES
    ('practices', nextval('practices_library_version'), now()),
    ('labels', nextval('practices_library_version'), now());

-- A bit string of `size` bits with the bits of the given ids (ascending, distinct, below size) set.
CREATE FUNCTION library_mask(ids bigint[], size int) RETURNS varbit LANGUAGE sql IMMUTABLE AS $$
    SELECT rpad(coalesce(string_agg(repeat('0', (id - coalesce(previous, -1) - 1)::int) || '1', '' ORDER BY id), ''),
                size, '0')::varbit
    FROM (SELECT id, lag(id) OVER (ORDER BY id) AS previous FROM unnest(ids) AS id) AS gaps
$$;
"""

BACKWARDS = """
DROP FUNCTION library_mask(bigint[], int);
DELETE FROM practices_libraryversion;
DROP SEQUENCE practices_library_version;
"""


class Migration(migrations.Migration):
    dependencies = [("practices", "0001_initial")]

    operations = [migrations.RunSQL(FORWARDS, BACKWARDS)]
