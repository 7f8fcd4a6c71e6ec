"""Vectors: what Proxmox's own code answers, in files of `{"meta": …, "vectors": […]}`."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
import json
from pathlib import Path
from typing import Any

DATA = Path(__file__).parents[1] / "data/vectors"

type Vector = dict[str, Any]
type Verdict = Callable[[Vector, dict[str, Any]], bool | None]
"""Tells of a vector, and of the `meta` of its file, whether we answer alike; None where nobody asks us that."""


@dataclass
class Score:
    """How many vectors of a kind there are, and which of them we answer otherwise."""

    counts: Counter[str] = field(default_factory=Counter)
    wrong: list[tuple[str, Vector, str]] = field(default_factory=list)

    def table(self) -> Iterator[str]:
        """Yield one line per kind."""
        missed = Counter(kind for kind, _, _ in self.wrong)
        for kind, count in sorted(self.counts.items()):
            right = count - missed[kind]
            yield f"{kind:32s} {right:6d}/{count:<6d} {100 * right / count:6.2f} %"


def read(path: Path) -> tuple[list[Vector], dict[str, Any]]:
    """Return the vectors of a file, and what is said of them."""
    content = json.loads(path.read_text(encoding="utf-8"))
    return content["vectors"], content["meta"]


def score(folder: Path, verdicts: Mapping[str, Verdict]) -> Score:
    """Hold each vector of the files of a folder for which there is a verdict against what we answer."""
    result = Score()
    for name, verdict in verdicts.items():
        path = folder / f"{name}.json"
        if not path.exists():
            continue
        vectors, meta = read(path)
        for vector in vectors:
            kind = f"{name} {vector.get('kind') or vector.get('cls') or ''}".strip()
            right, note = _ask(verdict, vector, meta)
            if right is None:
                continue
            result.counts[kind] += 1
            if not right:
                result.wrong.append((kind, vector, note))
    return result


def _ask(verdict: Verdict, vector: Vector, meta: dict[str, Any]) -> tuple[bool | None, str]:
    try:
        return verdict(vector, meta), "another answer"
    except Exception as error:  # noqa: BLE001  # whatever it is, it is a wrong answer
        return False, f"{type(error).__name__}: {error}"
