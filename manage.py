#!/usr/bin/env python
"""Django's command line, on the local servers while `DATABASE_URL` names no other."""

import contextlib
import os
import sys


def main():
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "hub.settings")
    with contextlib.ExitStack() as stack:
        if not os.environ.get("DATABASE_URL"):
            start_local_servers(stack)
        from django.core.management import execute_from_command_line

        execute_from_command_line(sys.argv)


def start_local_servers(stack):
    from hub.local.server import LocalServerError
    from hub.local.services import installed, local_services

    if not installed():
        sys.exit("Set DATABASE_URL: this installation has no local servers (see requirements-local.txt).")
    try:
        stack.enter_context(local_services())
    except LocalServerError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
