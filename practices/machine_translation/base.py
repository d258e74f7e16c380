"""What a translation service has to do, and one careful HTTP request for all of them."""

import json
import time
from typing import Protocol

import requests

from practices.models import Translation

Problem = Translation.Problem
CONNECT_SECONDS = 3.05
READ_SECONDS = 20
WHOLE_SECONDS = 60
"""For an answer that keeps coming, drop by drop."""

MAX_ANSWER = 2 * 1024 * 1024


class MachineTranslationError(Exception):
    """Why there is no draft, in a word people can be told (`problem`); never holds what was to be translated."""

    def __init__(self, problem, detail=""):
        self.problem = Problem(problem)
        super().__init__(f"{self.problem.value} {detail}".strip())


class Provider(Protocol):
    def translate(self, texts: list[str], *, source: str, target: str, is_html: bool) -> list[str]:
        """The texts in the target language, in their order; tags of HTML stay. Raises MachineTranslationError."""


def post(address: str, data: dict, headers: dict | None = None) -> object:
    """The JSON answer of a service. One try, no redirect (the key would go with it), bounded in time and size."""
    with requests.Session() as session:
        # Neither a proxy nor a password of the environment may come between: a .netrc would replace the key.
        session.trust_env = False
        try:
            with session.post(
                address,
                json=data,
                headers=headers,
                timeout=(CONNECT_SECONDS, READ_SECONDS),
                allow_redirects=False,
                stream=True,
            ) as answer:
                _check_status(answer.status_code)
                body = _read(answer)
        except requests.Timeout as error:
            raise MachineTranslationError(Problem.SLOW) from error
        except (requests.RequestException, ValueError) as error:
            # The message of the library may quote the request.
            raise MachineTranslationError(Problem.UNREACHABLE, type(error).__name__) from None
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        raise MachineTranslationError(Problem.BROKEN, "no JSON") from None


def _check_status(status):
    if status in (429, 456):
        raise MachineTranslationError(Problem.QUOTA, str(status))
    if status in (401, 403):
        raise MachineTranslationError(Problem.REFUSED, str(status))
    if status >= 500:
        raise MachineTranslationError(Problem.UNREACHABLE, str(status))
    if status != 200:
        raise MachineTranslationError(Problem.REFUSED, str(status))


def _read(answer):
    body, until = bytearray(), time.monotonic() + WHOLE_SECONDS
    for part in answer.iter_content(16_384):
        body += part
        if len(body) > MAX_ANSWER:
            raise MachineTranslationError(Problem.BROKEN, "too large")
        if time.monotonic() > until:
            raise MachineTranslationError(Problem.SLOW)
    return bytes(body)


def strings(found: object, count: int) -> list[str]:
    """Exactly that many texts, or an error: a service that mixes up fields must not fill any."""
    if not isinstance(found, list) or len(found) != count or not all(isinstance(text, str) for text in found):
        raise MachineTranslationError(Problem.BROKEN, "other texts than asked for")
    return found
