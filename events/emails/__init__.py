"""Mails of events. The templates of one are mail/events/<kind>.subject.txt and .txt."""
