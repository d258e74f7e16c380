"""Mails of the editorial life: who is told what, in the language of each."""


def announce(step) -> None:
    """Tell those concerned of a step of a revision; to be called in its transaction."""
