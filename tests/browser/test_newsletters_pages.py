"""Subscribing and the own page as people meet them: by phone, right to left, without JavaScript."""

import os
import pathlib
import re

import pytest
from django.core import mail
from django.urls import reverse
from django.utils import timezone

from common.outbox.sending import send_waiting
from newsletters.emails import preferences_key
from newsletters.models import SavedSearch, Subscription
from tests.browser.test_pages import violations
from tests.factories import make_network, make_person
from tests.newsletters.factories import make_subscriber, make_subscription

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
