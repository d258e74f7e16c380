"""Asking for an account with an address of a city, as far as writing for it, in real browsers."""

import re

import pytest
from django.core import mail
from django.urls import reverse

from common.outbox.sending import send_waiting
from networks.services import grant_role
from tests.browser.test_accounts import PASSWORD
from tests.factories import make_city, make_network, make_person

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
ASKER = "bo@malmo.example"


def link_to(address):
    send_waiting()
    [told] = [one for one in mail.outbox if one.to == [address]]
    mail.outbox.clear()
    return re.search(r"https?://[^/\s]+(/\S+)", told.body)[1]


def test_asker_with_an_address_of_the_city_ends_up_writing_for_it(open_page, open_as, live_server):
    admin = make_person("admin@example.org", is_superuser=True)
    malmo = make_city("Malmö", mail_domain="malmo.example")
    coordinator = make_person("karin@example.org", language="sv")
    grant_role(coordinator, "coordinator", actor=admin, network=make_network("nordic", cities=[malmo]))

    asker = open_page("/sv/accounts/request/", width=390)
    asker.locator("main [name=email]").fill(ASKER)
    asker.locator("[name=name]").fill("Bo Ek")
    asker.locator("form.form button[type=submit]").click()
    asker.wait_for_url("**/request/sent/")
    asker.goto(live_server.url + link_to(ASKER))
    with asker.expect_navigation():
        asker.locator("main form button").click()

    page = open_as(coordinator, link_to("karin@example.org"))
    page.locator("input.action-select").check()
    page.locator("select[name=action]").select_option("approve")
    with page.expect_navigation():
        page.locator(".actions button").click()

    asker.goto(live_server.url + link_to(ASKER))
    asker.locator("[type=password]").fill(PASSWORD)
    asker.locator("form.form button").click()
    asker.wait_for_url("**/workspace/")
    asker.goto(live_server.url + "/sv" + reverse("workspace:start").removeprefix("/en"))
    assert "Malmö" in asker.locator("form.writing").inner_text()
