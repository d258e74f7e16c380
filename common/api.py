"""The ground that every endpoint of the API stands on.

Answers are plain dicts, built directly; serializers only describe them in the schema. A parameter that is not
understood is refused by name, never ignored: a misspelt filter must not silently answer with everything.
"""

from functools import wraps

from django.http import Http404
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _
from django_filters.rest_framework import DjangoFilterBackend
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.exceptions import APIException, ParseError
from rest_framework.generics import GenericAPIView
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.pagination import BasePagination
from rest_framework.response import Response
from rest_framework.views import exception_handler

from common.addresses import absolute
from common.filters import filter_problems
from common.languages import current_language, site_languages
from common.localized import LocalizedText
from common.text import clean_line

SHOWN_OF_A_VALUE = 80


def explain(exception, context):
    """DRF's own answer; a body nested too deep to parse is the client's error, not ours."""
    if isinstance(exception, RecursionError):
        exception = ParseError()
    return exception_handler(exception, context)


class ErrorSerializer(serializers.Serializer):
    detail = serializers.CharField()


class ProblemSerializer(serializers.Serializer):
    parameter = serializers.CharField()
    value = serializers.CharField()
    message = serializers.CharField()


class RefusalSerializer(serializers.Serializer):
    detail = serializers.CharField()
    errors = ProblemSerializer(many=True, required=False)


class LocalizedSerializer(serializers.Serializer):
    text = serializers.CharField()
    language = serializers.CharField(help_text="The language the text is in, which may not be the one asked for.")


class LabelledSerializer(serializers.Serializer):
    code = serializers.CharField()
    label = serializers.CharField()


class NamedSerializer(serializers.Serializer):
    slug = serializers.CharField()
    name = serializers.CharField()


def texts_field(**options):
    """A text per language code, only of the languages in which there is one."""
    return serializers.DictField(child=serializers.CharField(), **options)


class Refused(APIException):
    """400; the body names each parameter that was not understood, its value and the reason."""

    status_code = 400

    def __init__(self, problems):
        super().__init__()
        errors = [
            {
                "parameter": clean_line(name)[:SHOWN_OF_A_VALUE],
                "value": clean_line(value)[:SHOWN_OF_A_VALUE],
                "message": message,
            }
            for name, value, message in problems
        ]
        self.detail = {"detail": _("The request was not understood."), "errors": errors}


class AlwaysJSON(BaseContentNegotiation):
    """There is one format, so no Accept header can go wrong."""

    def select_parser(self, request, parsers):
        return parsers[0]

    def select_renderer(self, request, renderers, format_suffix=None):
        return renderers[0], renderers[0].media_type


LANGUAGE = OpenApiParameter(
    "language",
    str,
    enum=site_languages(),
    description="The reader's language. Without it the `Accept-Language` header decides, then English.",
)


def documented(record, **options):
    """`extend_schema` of an endpoint: its record, the reader's language and the errors all endpoints share."""
    responses = {200: record, 400: RefusalSerializer, 404: ErrorSerializer}
    return extend_schema(parameters=[LANGUAGE], responses=responses, **options)


def for_its_reader(view):
    """Answer in the language of the parameter `language`; where that is unknown or missing, in the active one."""

    @wraps(view)
    def answer(request, *args, **kwargs):
        asked = request.GET.get("language", "")
        with translation.override(asked if asked in site_languages() else current_language()):
            response = view(request, *args, **kwargs)
            response["Content-Language"] = current_language()
            return response

    return answer


class PublicView(GenericAPIView):
    """Reads, the same for everybody, in the active language (see `for_its_reader`)."""

    authentication_classes = ()
    content_negotiation_class = AlwaysJSON
    http_method_names = ["get", "head", "options"]
    filter_backends = ()
    pagination_class = None

    @property
    def reader(self):
        return current_language()

    def initial(self, request, *args, **kwargs):
        super().initial(request, *args, **kwargs)
        if request.method not in ("GET", "HEAD"):
            return
        problems = list(self.problems(request.query_params))
        if problems:
            raise Refused(problems)

    def parameters(self):
        """Names that the address may use."""
        return {"language"}

    def problems(self, params):
        """Yield (parameter, value, reason) for all that is not understood."""
        known = self.parameters()
        for name, values in params.lists():
            if name not in known:
                yield name, values[-1], _("There is no such parameter.")
        language = params.get("language")
        if language and language not in site_languages():
            yield "language", language, _("Unknown language.")


class Pages(BasePagination):
    """Numbered pages; a page past the end is empty, and its `previous` is the last one."""

    default_size = 20
    largest_size = 100
    last_number = 100_000

    def problems(self, params):
        """Read `page` and `page_size`; yield what is wrong with them."""
        self.number, self.size = 1, self.default_size
        for name, attribute, largest in (
            ("page", "number", self.last_number),
            ("page_size", "size", self.largest_size),
        ):
            value = params.get(name)
            if not value:
                continue
            if value.isascii() and value.isdigit() and 1 <= int(value[:9]) <= largest:
                setattr(self, attribute, int(value))
            else:
                yield name, value, _("Must be a whole number from 1 to %(largest)s.") % {"largest": largest}

    @property
    def slice(self):
        return slice((self.number - 1) * self.size, self.number * self.size)

    def answer(self, request, records, count):
        """`records` of this page, of `count` in all."""
        last = max(1, -(-count // self.size))
        return Response(
            {
                "count": count,
                "next": self._address(request, self.number + 1) if self.number < last else None,
                "previous": self._address(request, min(self.number - 1, last)) if self.number > 1 else None,
                "results": records,
            }
        )

    def _address(self, request, number):
        query = request.query_params.copy()
        query["page"] = number
        if number == 1:
            del query["page"]
        return absolute(request.path) + (f"?{query.urlencode()}" if query else "")

    def get_paginated_response_schema(self, schema):
        address = {"type": "string", "format": "uri", "nullable": True}
        return {
            "type": "object",
            "required": ["count", "next", "previous", "results"],
            "properties": {
                "count": {"type": "integer", "description": "How many there are on all pages."},
                "next": address,
                "previous": address,
                "results": schema,
            },
        }

    def get_schema_operation_parameters(self, view):
        sizes = {"page": (1, self.last_number), "page_size": (self.default_size, self.largest_size)}
        return [
            {
                "name": name,
                "in": "query",
                "required": False,
                "schema": {"type": "integer", "minimum": 1, "maximum": largest, "default": default},
            }
            for name, (default, largest) in sizes.items()
        ]


class PublicListView(PublicView):
    """A filtered list in pages. Subclasses give `filterset_class`, `get_queryset` and `records`."""

    pagination_class = Pages
    filter_backends = [DjangoFilterBackend]

    def parameters(self):
        return super().parameters() | {"page", "page_size"} | set(self.filterset_class.base_filters)

    def problems(self, params):
        yield from super().problems(params)
        yield from self.paginator.problems(params)
        yield from self.filter_problems(params)

    def filter_problems(self, params):
        """Make ready what `get` needs of the filters; yield what they do not understand."""
        self.filterset = self.filterset_class(params, queryset=self.get_queryset())
        yield from filter_problems(self.filterset)

    def answer(self, records, count):
        return self.paginator.answer(self.request, records, count)

    def answer_page(self):
        """One page of the filtered queryset: a statement for the count, one for the rows and those of `records`."""
        found = self.filterset.qs
        return self.answer(self.records(found[self.paginator.slice]), found.count())


def as_on_the_page(params, api_names):
    """The API's parameters under the names that the page gives them; `api_names` are those of the API by the page's."""
    renamed = params.copy()
    for on_the_page, in_the_api in api_names.items():
        renamed.setlist(on_the_page, params.getlist(in_the_api))
    return renamed


def only(queryset):
    """The record of a queryset that has one at most; otherwise 404, without a word on what was looked for."""
    record = queryset.first()
    if record is None:
        raise Http404
    return record


def api_address(name, *args):
    return absolute(reverse(f"api:{name}", args=args))


def localized_record(text: LocalizedText):
    return {"text": text.text, "language": text.language} if text else None


def texts_record(record, field):
    """{language code: text} of a translated field, of the languages in which it has one."""
    texts = ((code, getattr(record, f"{field}_{code}")) for code in site_languages())
    return {code: text for code, text in texts if text}
