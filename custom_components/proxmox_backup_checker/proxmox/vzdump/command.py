"""The command in the first line of a run's log, compared with the definitions of backup jobs.

Proxmox prints a run's options in random order, with values quoted for the shell (PVE/VZDump/Common.pm, command_line), and leaves
the job's id out. The canonical form here is the same whether it comes from that command or from the API's job definition.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
import re
import shlex
from typing import Self

# Job properties that are no options of vzdump, and options that do not tell one job from another.
_NOT_COMPARED = frozenset(
    {
        *("id", "type", "enabled", "schedule", "comment", "repeat-missed", "next-run", "starttime", "dow", "digest"),
        *("job-id", "quiet", "stdout"),
    }
)

# Options that vzdump knows, or knew since Proxmox VE 7. One that is not among them is compared only where both sides have it:
# a later Proxmox may list properties of jobs that no command shows.
_KNOWN = frozenset(
    {
        *(
            "vmid",
            "node",
            "all",
            "stdexcludes",
            "compress",
            "pigz",
            "zstd",
            "mode",
            "exclude",
            "exclude-path",
            "mailto",
        ),
        *("mailnotification", "notification-mode", "notification-policy", "notification-target", "tmpdir", "dumpdir"),
        *("script", "storage", "stop", "bwlimit", "ionice", "performance", "fleecing", "lockwait", "stopwait"),
        *("prune-backups", "remove", "pool", "notes-template", "protected", "pbs-change-detection-mode", "size"),
    }
)

# What a job promises: whom it backs up, where to, how, and what is kept.
_PROMISED = ("vmid", "all", "exclude", "pool", "storage", "mode", "prune-backups")

_TRUE = frozenset({"1", "on", "yes", "true"})
_FALSE = frozenset({"0", "off", "no", "false"})
_VMID = re.compile(r"[0-9]{1,12}")
_NOT_ASCII = re.compile(r"[^\x00-\x7f]+")


@dataclass(frozen=True, kw_only=True, slots=True)
class JobCommand:
    """A run's command. `scheduled` tells that the scheduler started it, or somebody who asked for quiet himself.

    `readable` is False where the text is no whole command, as after a cut; it matches no job then.
    """

    vmids: frozenset[int]
    options: Mapping[str, str]
    scheduled: bool
    readable: bool

    @classmethod
    def parse(cls, command: str) -> Self:
        """Read `vzdump 100 101 --mode snapshot ...`; never raises."""
        try:
            program, *words = shlex.split(command)
        except ValueError:
            program, words = "", []
        raw = _options(words)
        if program != "vzdump" or raw is None:
            return cls(vmids=frozenset(), options={}, scheduled=False, readable=False)
        options = canonical_options(raw)
        return cls(
            vmids=frozenset(int(vmid) for vmid in options.get("vmid", "").split(",") if vmid),
            options=options,
            scheduled=_boolean(str(raw.get("quiet", "0"))) == "1",
            readable=True,
        )

    @property
    def storage(self) -> str | None:
        """The storage that the archives go to, where the command names it; empty where that is a folder of its own."""
        return self.options.get("storage") or ("" if self.options.get("dumpdir") else None)

    def matches(self, job_options: Mapping[str, object], node: str) -> bool:
        """Tell whether a job with these options, as the API lists them, gives this command on a node.

        The scheduler names the node only for a job that is bound to one; "Run now" in Proxmox's web interface always does.
        """
        if not self.readable:
            return False
        mine, job = self.options, canonical_options(job_options)
        if not self._is_for(node, job):
            return False
        return all(
            mine.get(key) == job.get(key)
            for key in (mine.keys() | job.keys()) - {"node"}
            if key in _KNOWN or (key in mine and key in job)
        )

    def keeps(self, promised: Mapping[str, object], node: str) -> bool:
        """Tell whether this command does on a node what a job promises, of which no more is known."""
        job = canonical_options(promised)
        if not self.readable or not job or not self._is_for(node, job):
            return False
        return all(self.options.get(key) == job.get(key) for key in _PROMISED)

    def _is_for(self, node: str, job: Mapping[str, str]) -> bool:
        mine, bound = self.options.get("node"), job.get("node")
        return {mine, bound} <= {None, node} and not (self.scheduled and mine != bound)


def canonical_options(raw: Mapping[str, object]) -> dict[str, str]:
    """Bring a job's properties, or a command's options, into the form in which equal means alike.

    Values may be texts, numbers, booleans, lists and objects, as the API delivers them.
    """
    options: dict[str, str] = {}
    for key, value in raw.items():
        if key in _NOT_COMPARED:
            continue
        text = _FORMS.get(key, _plain)(_text(value))
        if text:
            # What is not ASCII comes in three shapes: as it is, as double UTF-8, or as broken UTF-8 in a log.
            options[key] = _NOT_ASCII.sub("\ufffd", text)
    _apply_old_limit(options)
    if "exclude" in options and "pool" not in options:
        # PVE/VZDump.pm, verify_vzdump_parameters.
        options["all"] = "1"
    if options.get("all") == "0":
        del options["all"]
    return options


def _options(words: list[str]) -> dict[str, object] | None:
    """Options of a command by name; None where it is none. Only `exclude-path` comes more than once."""
    options: dict[str, object] = {}
    vmids: list[str] = []
    paths: list[str] = []
    remaining = iter(words)
    for word in remaining:
        if _VMID.fullmatch(word):
            vmids.append(word)
            continue
        value = next(remaining, None)
        if not word.startswith("--") or value is None:
            return None
        if word == "--exclude-path":
            paths.append(value)
        else:
            options[word.removeprefix("--")] = value
    return options | {"vmid": ",".join(vmids), "exclude-path": paths}


def _text(value: object) -> str:
    """One text of whatever JSON type; list items apart by NUL, objects as property strings."""
    match value:
        case None:
            return ""
        case bool():
            return str(int(value))
        case list() | tuple():
            return "\0".join(_text(item) for item in value)
        case Mapping():
            return ",".join(f"{key}={_text(item)}" for key, item in value.items())
        case _:
            return str(value)


def _plain(text: str) -> str:
    return text


def _boolean(text: str) -> str:
    lowered = text.lower()
    return "1" if lowered in _TRUE else "0" if lowered in _FALSE else text


def _words(text: str) -> list[str]:
    """Split a list as PVE/ParseUtils.pm does (split_list)."""
    return [word for word in re.split(r"[\0,;\s]", text) if word]


def _list(text: str) -> str:
    return ",".join(_words(text))


def _vmids(text: str) -> str:
    words = _words(text)
    if not all(_VMID.fullmatch(word) for word in words):
        return text
    return ",".join(str(vmid) for vmid in sorted({int(word) for word in words}))


def _properties(default_key: str | None, *booleans: str) -> Callable[[str], str]:
    """Form of a property string: keys in order, the key that may be left out written."""

    def form(text: str) -> str:
        found: dict[str, str] = {}
        for part in text.split(","):
            key, separator, value = part.partition("=")
            if not separator:
                key, value = default_key or part, part
            if part:
                found[key] = _boolean(value) if key in booleans else value
        return ",".join(f"{key}={found[key]}" for key in sorted(found))

    return form


def _apply_old_limit(options: dict[str, str]) -> None:
    """Turn the `maxfiles` of up to Proxmox VE 8 into retention, as vzdump did before it printed its command."""
    limit = options.pop("maxfiles", None)
    if limit is not None and "prune-backups" not in options:
        options["prune-backups"] = f"keep-last={limit}" if limit != "0" else "keep-all=1"


_FORMS: Mapping[str, Callable[[str], str]] = {
    **dict.fromkeys(("all", "stdexcludes", "stop", "remove", "protected"), _boolean),
    **dict.fromkeys(("vmid", "exclude"), _vmids),
    "mailto": _list,
    "fleecing": _properties("enabled", "enabled"),
    "performance": _properties(None),
    "prune-backups": _properties(None, "keep-all"),
}
