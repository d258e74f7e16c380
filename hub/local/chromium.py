"""Where Chromium is, for the browser tests; Playwright's own download is not used."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from hub.local.progress import fail

CANDIDATES = ["chromium-headless-shell", "chromium", "chromium-browser", "google-chrome"]
PACKAGE = "chromium-headless-shell"


def find_or_install():
    return (
        find()
        or _install_on_debian()
        or fail(
            f"The browser tests need Chromium: install the package {PACKAGE} or chromium (Debian, Ubuntu), or Google "
            "Chrome, or name the program in CHROMIUM."
        )
    )


def find():
    """The path of a browser: `$CHROMIUM` decides, else the first of the usual names."""
    if named := os.environ.get("CHROMIUM"):
        return shutil.which(named) or fail(f"CHROMIUM names {named}, which is not a program.")
    # /usr/bin also when PATH is bare.
    path = os.pathsep.join([os.environ.get("PATH", ""), "/usr/bin"])
    return next((found for name in CANDIDATES if (found := shutil.which(name, path=path))), None)


def _install_on_debian():
    if not shutil.which("apt-get") or not Path("/etc/debian_version").exists():
        return None
    as_root = [] if os.geteuid() == 0 else ["sudo", "-n"]
    if as_root and not shutil.which("sudo"):
        return None
    print(f"Installing {PACKAGE} ...", file=sys.stderr, flush=True)
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    for arguments in (["update", "-q"], ["install", "-q", "-y", "--no-install-recommends", PACKAGE]):
        # Standard output is the path alone; apt talks on standard error.
        done = subprocess.run(
            [*as_root, "apt-get", *arguments],
            stdout=sys.stderr,
            stdin=subprocess.DEVNULL,
            env=environment,
            check=False,
        )
        if done.returncode:
            return None
    return find()
