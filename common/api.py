from rest_framework.views import exception_handler


def explain(exception, context):
    """DRF's own answer; a body nested too deep to parse is the client's error, not ours."""
    if isinstance(exception, RecursionError):
        from rest_framework.exceptions import ParseError

        exception = ParseError()
    return exception_handler(exception, context)
