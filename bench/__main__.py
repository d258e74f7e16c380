"""`python -m bench`: measures the pages at 1k, 10k and 100k practices; see docs/benchmark.md.

`python -m bench seats` measures the rush for the seats of an event, `python -m bench digests` the making of digests,
`python -m bench deliveries` mail in bulk, `python -m bench throughput` both from selection to the mail server,
`python -m bench kills` what is lost of it when everything is killed.
"""

import argparse
import os
import subprocess
import sys
from importlib import import_module

OTHERS = ("seats", "deliveries", "kills", "digests", "throughput")
"""Benchmarks of their own, each a module with `main(arguments)`."""


def main():
    if sys.argv[1:2] and sys.argv[1] in OTHERS:
        return import_module(f"bench.{sys.argv[1]}").main(sys.argv[2:])
    parser = argparse.ArgumentParser(prog="bench")
    parser.add_argument("sizes", type=int, nargs="*", help="number of practices (default: 1000 10000 100000)")
    parser.add_argument("--rounds", type=int, default=100, help="requests per page")
    parser.add_argument("--one", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    sizes = options.sizes or [1000, 10_000, 100_000]
    if options.one:
        from bench.databases import bench_database
        from bench.measure import report

        with bench_database(sizes[0]):
            report(sizes[0], options.rounds)
        return 0
    failures = 0
    for size in sizes:
        # A process per size: settings, caches and memory start fresh.
        command = [sys.executable, "-m", "bench", str(size), "--one", "--rounds", str(options.rounds)]
        failures += subprocess.run(command, check=False).returncode != 0
    return 1 if failures else 0


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "hub.settings")
    os.environ["HUB_LOCAL"] = "true"
    os.environ["DEMO_CONTENT"] = "false"
    sys.exit(main())
