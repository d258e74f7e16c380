from hub.views.errors import bad_request, forbidden, forged, not_found, server_error, too_many_requests
from hub.views.health import healthz, readyz
from hub.views.home import choose_language, home, robots, search
from hub.views.places import city_detail, city_list, network_detail, network_list

__all__ = [
    "bad_request",
    "choose_language",
    "city_detail",
    "city_list",
    "forbidden",
    "forged",
    "healthz",
    "home",
    "network_detail",
    "network_list",
    "not_found",
    "readyz",
    "robots",
    "search",
    "server_error",
    "too_many_requests",
]
