import pytest
from django.core.exceptions import ValidationError

from networks.models import Organisation, RoleAssignment
from networks.services import end_role, grant_role, organisation_named
from tests.factories import make_person

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("name", ["City of Malmö", "malmö stad", "MALMÖ STAD"])
def test_organisation_named_is_known_in_any_language_by_one_query(django_assert_num_queries, name):
    Organisation.objects.create(name_en="City of Lund")
    malmo = Organisation.objects.create(name_en="City of Malmö", name_sv="Malmö stad")

    with django_assert_num_queries(1):
        found = organisation_named(name)

    assert found == malmo


def test_organisation_named_of_two_is_the_older_one():
    older = Organisation.objects.create(name_en="Library", name_sv="Stadsbiblioteket")
    Organisation.objects.create(name_en="Stadsbiblioteket")

    assert organisation_named("Stadsbiblioteket") == older


def test_organisation_named_is_made_where_there_is_none():
    organisation = organisation_named("Malmö stad", "sv")

    assert (organisation.name_sv, organisation.name_en) == ("Malmö stad", "Malmö stad")
    assert list(Organisation.objects.all()) == [organisation]


def test_role_of_the_last_administrator_cannot_be_ended():
    root = make_person("root@example.org", is_superuser=True)
    role = grant_role(root, RoleAssignment.Role.ADMINISTRATOR, actor=root)

    with pytest.raises(ValidationError, match="Nobody else administers"):
        end_role(role, actor=root)
    grant_role(make_person("second@example.org"), RoleAssignment.Role.ADMINISTRATOR, actor=root)

    assert end_role(role, actor=root).ended_at is not None
