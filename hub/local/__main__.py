"""The command line of the local set-up: `python -m hub.local run|manage|exec|reset|...`."""

import argparse
import contextlib
import os
import subprocess
import sys

from hub.local import HOME
from hub.local.processes import PREFERRED_PORT, end_with_parent
from hub.local.progress import fail, phase
from hub.local.server import LocalServerError


def main():
    options = command_line().parse_args()
    try:
        sys.exit(options.action(options))
    except LocalServerError as error:
        fail(f"\n{error}")
    except KeyboardInterrupt:
        print("\nStopped.", flush=True)
        sys.exit(130)


def command_line():
    parser = argparse.ArgumentParser(prog="python -m hub.local", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="command")

    run = commands.add_parser("run", help="start everything and serve the portal")
    run.add_argument("--port", type=int, default=int(os.environ.get("PORT", PREFERRED_PORT)), help="preferred port")
    run.add_argument("--end-with-parent", action="store_true", help="stop when the calling process is killed")
    run.set_defaults(action=serve)

    manage = commands.add_parser("manage", help="any command of manage.py, on the local servers")
    manage.add_argument("arguments", nargs=argparse.REMAINDER)
    manage.set_defaults(action=manage_command)

    execute = commands.add_parser("exec", help="any program, with DATABASE_URL and REDIS_URL of the local servers")
    execute.add_argument("arguments", nargs=argparse.REMAINDER)
    execute.set_defaults(action=execute_program)

    reset = commands.add_parser("reset", help="throw the local database away and make the demo content anew")
    reset.set_defaults(action=reset_demo)

    compiling = commands.add_parser("compile-messages", help="make .mo files from changed .po files")
    compiling.set_defaults(action=compile_all)

    checking = commands.add_parser("check-messages", help="fail unless all translations are complete")
    checking.set_defaults(action=check_all)

    chromium = commands.add_parser("chromium", help="print the path of Chromium; install it on Debian if missing")
    chromium.set_defaults(action=chromium_path)

    mailbox = commands.add_parser("mailbox", help="take the mail of this checkout and show it (started by run)")
    mailbox.add_argument("--smtp", type=int, required=True, help="file descriptor of a listening socket")
    mailbox.add_argument("--web", type=int, required=True, help="file descriptor of a listening socket")
    mailbox.set_defaults(action=keep_mailbox)

    preparing = commands.add_parser("prepare", help="migrate, and make demo content where the database is empty")
    preparing.set_defaults(action=prepare_database)
    return parser


def serve(options):
    from hub.local.run import run

    if options.end_with_parent:
        end_with_parent()
    return run(port=options.port)


def manage_command(options):
    from hub.local.services import local_services

    with local_services():
        from django.core.management import execute_from_command_line

        execute_from_command_line(["manage.py", *options.arguments])


def execute_program(options):
    from hub.local.services import local_services

    if not options.arguments:
        fail("Name the program to run.")
    with local_services():
        return subprocess.run(options.arguments, check=False).returncode


def reset_demo(options):
    from hub.local.postgres import Postgres
    from hub.local.run import prepare, ready

    if os.environ.get("DATABASE_URL"):
        fail("DATABASE_URL names an outside database; this command only throws the local one away.")
    with phase("Local database removed"):
        Postgres(HOME).erase()
        for leftover in (HOME / "logins.txt", *HOME.glob("seeding-*"), *HOME.glob("beat-schedule*")):
            leftover.unlink(missing_ok=True)
    os.environ.setdefault("HUB_LOCAL", "true")
    with contextlib.ExitStack() as stack:
        ready(stack)
        return prepare()


def compile_all(options):
    from hub.local.messages import BrokenCatalog, compile_messages

    try:
        for path in compile_messages():
            print(path)
    except BrokenCatalog as error:
        fail(str(error))


def check_all(options):
    os.environ.setdefault("HUB_LOCAL", "true")
    from hub.local.messages import catalogs, check_messages
    from hub.settings import LANGUAGES

    if problems := check_messages(languages=[code for code, _ in LANGUAGES]):
        fail("\n".join([*problems, f"{len(problems)} faults in the translations."]))
    print(f"{len(catalogs())} translation files are complete.")


def chromium_path(options):
    from hub.local.chromium import find_or_install

    print(find_or_install())


def keep_mailbox(options):
    import signal
    import socket

    from hub.local.mailbox import serve

    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    serve(HOME / "mailbox", socket.socket(fileno=options.smtp), socket.socket(fileno=options.web))


def prepare_database(options):
    from hub.local.prepare import prepare

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "hub.settings")
    prepare()


if __name__ == "__main__":
    main()
