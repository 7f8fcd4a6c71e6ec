"""Imports the half of aiohttp that serves. The other half, a client, would take up to four megabytes for nothing."""

import importlib
import importlib.util
import sys

PACKAGE = "aiohttp"


def import_server_half() -> None:
    """Import `aiohttp.web` without what the package itself imports; all of it where that does not work.

    Call this before anything else imports aiohttp.
    """
    spec = importlib.util.find_spec(PACKAGE)
    if PACKAGE in sys.modules or spec is None:
        return
    package = importlib.util.module_from_spec(spec)
    # The one thing that the submodules want of the package; it ends in a header that the agent replaces.
    vars(package)["__version__"] = ""
    sys.modules[PACKAGE] = package
    try:
        importlib.import_module(f"{PACKAGE}.web")
    except (ImportError, AttributeError):
        for name in [name for name in sys.modules if name == PACKAGE or name.startswith(f"{PACKAGE}.")]:
            del sys.modules[name]
