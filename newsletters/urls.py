"""Public addresses of newsletters. They are stable: other systems and sent mails link to them."""

from django.urls import path

from newsletters.feeds import NewsletterFeed
from newsletters.views import archive

app_name = "newsletters"

urlpatterns = [
    path("archive/", archive.archive, name="archive"),
    path("archive/feed.atom", NewsletterFeed(), name="feed"),
    path("archive/<int:pk>/", archive.issue, name="issue"),
]
