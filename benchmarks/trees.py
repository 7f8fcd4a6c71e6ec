"""The checker of another commit beside the one of this tree, each in a process of its own: their packages bear the same names."""

from collections.abc import Iterator
from contextlib import contextmanager
import functools
import importlib
import json
from pathlib import Path
import subprocess
import sys
import tempfile
from typing import Any, Self

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = "custom_components.proxmox_backup_checker"

# Where the modules that benchmarks and simulator import were before they moved, the latest place first. The former names are
# those of other commits: they stay when something is renamed here.
PLACES = {
    "checker.assessment": ("checker.picture",),
    "checker.history.format": ("checker.history_format",),
    "checker.history.limits": ("checker.history_limits",),
    "checker.model.facts": ("checker.facts",),
    "checker.model.outcome": ("checker.runs.outcomes", "checker.outcomes"),
    "checker.model.policy": ("checker.policy",),
    "checker.model.records": ("checker.records",),
    "checker.model.verdict": ("checker.verdict",),
    "proxmox.api.backup_models": ("proxmox.backup_models",),
    "proxmox.api.client": ("proxmox.client",),
    "proxmox.api.cluster_models": ("proxmox.models",),
    "proxmox.api.errors": ("proxmox.errors",),
    "proxmox.calendar.event": ("proxmox.calendar_event",),
    "sources.pve.cluster_reader": ("reader",),
}

# What they use by another name than it had: the module, the name here, and the former one.
NAMES = (
    ("checker.assessment", "Assessment", "Picture"),
    ("sources.pve.cluster_reader", "ClusterReader", "FactsReader"),
    ("sources.pve.cluster_reader", "ClusterReader.restore_nodes", "know"),
)


@contextmanager
def checked_out(commit: str) -> Iterator[Path]:
    """Yield a folder with the tree of a commit, which is gone afterwards."""
    with tempfile.TemporaryDirectory() as parent:
        folder = Path(parent) / "tree"
        git = ["git", "-C", str(ROOT), "worktree"]
        subprocess.run([*git, "add", "--quiet", "--detach", str(folder), commit], check=True)
        try:
            yield folder
        finally:
            subprocess.run([*git, "remove", "--force", str(folder)], check=True)


def take(tree: Path) -> None:
    """Let this process import the integration from a tree, by the names that its modules have here, and all else from here.

    Comes before the first import of the integration.
    """
    sys.path.insert(0, str(tree))
    integration = importlib.import_module(PACKAGE)
    assert Path(str(integration.__file__)).is_relative_to(tree), f"{PACKAGE} has been imported before"
    sys.path[0] = str(ROOT)
    for name, former in PLACES.items():
        found = next(filter(None, map(_module, (name, *former))), None)
        assert found is not None, f"{tree} has no module {name}: add its former place to PLACES"
        sys.modules[f"{PACKAGE}.{name}"] = found
    for name, here, there in NAMES:
        *within, last = here.split(".")
        owner = functools.reduce(getattr, within, sys.modules[f"{PACKAGE}.{name}"])
        if not hasattr(owner, last):
            setattr(owner, last, getattr(owner, there))


def _module(name: str) -> Any:
    """Return a module of the integration; None where there is no such module."""
    full = f"{PACKAGE}.{name}"
    try:
        return importlib.import_module(full)
    except ModuleNotFoundError as error:
        # The module or a package that it would be in; an import within it that fails is a fault.
        if error.name is None or not f"{full}.".startswith(f"{error.name}."):
            raise
        return None


class Asked:
    """A script that runs with one tree and answers a line of JSON with a line of JSON."""

    def __init__(self, script: str, tree: Path, *arguments: str) -> None:
        """Start it."""
        command = [sys.executable, str(ROOT / "benchmarks" / script), str(tree), *arguments]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def __enter__(self) -> Self:
        """Return it."""
        return self

    def __exit__(self, *_: object) -> None:
        """End it, whatever it does: an answer that nobody reads would keep it for ever."""
        self._process.terminate()
        self._process.communicate()

    def ask(self, *question: Any) -> Any:
        """Return the answer. Raises RuntimeError where the script has ended instead."""
        self.send(*question)
        return self.answer()

    def send(self, *question: Any) -> None:
        """Ask without waiting for the answer."""
        assert self._process.stdin is not None
        print(json.dumps(question), file=self._process.stdin, flush=True)

    def answer(self) -> Any:
        """Wait for the answer. Raises RuntimeError where the script has ended instead."""
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"{self._process.args} has ended")
        return json.loads(line)


def questions() -> Iterator[list[Any]]:
    """Yield what this process is asked, until nobody asks any more."""
    for line in sys.stdin:
        yield json.loads(line)


def answer(what: Any) -> None:
    """Answer a question."""
    print(json.dumps(what), flush=True)
