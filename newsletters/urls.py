"""Pages of newsletters, below /<lang>/newsletter/."""

from django.urls import path

from newsletters import views
from newsletters.feeds import NewsletterFeed
from newsletters.views import archive
from newsletters.views.preferences import (
    address,
    erase,
    leave,
    mail_link,
    own_page,
    page,
    pause,
    resume,
    search,
)

app_name = "newsletters"

VERBS = {"leave": leave, "pause": pause, "resume": resume, "erase": erase}
NARROW = {"leave", "pause"}
"""What a key of one list may do, with that list."""

urlpatterns = [
    path("", views.subscribe, name="subscribe"),
    path("sent/", views.subscribe_sent, name="subscribe-sent"),
    path("confirm/<str:key>/", views.confirm, name="confirm"),
    path("preferences/<str:key>/", views.of_key(page, narrow=True)(own_page), name="preferences"),
    path("preferences/<str:key>/mail/", views.of_key(narrow=True)(mail_link), name="preferences-mail"),
    path("preferences/<str:key>/address/", views.of_key()(address), name="preferences-address"),
    path("preferences/<str:key>/searches/<int:pk>/", views.of_key()(search), name="preferences-search"),
    *(
        path(f"preferences/<str:key>/{verb}/", views.of_key(narrow=verb in NARROW)(view), name=f"preferences-{verb}")
        for verb, view in VERBS.items()
    ),
    path("mine/", views.of_account(page)(own_page), name="account"),
    path("mine/searches/<int:pk>/", views.of_account()(search), name="account-search"),
    *(path(f"mine/{verb}/", views.of_account()(view), name=f"account-{verb}") for verb, view in VERBS.items()),
    path("archive/", archive.archive, name="archive"),
    path("archive/feed.atom", NewsletterFeed(), name="feed"),
    path("archive/<int:pk>/", archive.issue, name="issue"),
]
