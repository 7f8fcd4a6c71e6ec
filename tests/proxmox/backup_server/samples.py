"""Faithful answers of a backup server, one per endpoint (tests/data/api/pbs_samples.json)."""

import json
from pathlib import Path
from typing import Any

SAMPLES: dict[str, Any] = json.loads(
    (Path(__file__).parents[2] / "data/api/pbs_samples.json").read_text(encoding="utf-8")
)


def sample(name: str) -> Any:
    """Return the data of the sample whose name begins so, or is so."""
    entry = SAMPLES[name] if name in SAMPLES else next(value for key, value in SAMPLES.items() if key.startswith(name))
    return entry["data"]


def log_of(name: str) -> list[str]:
    """Return the lines of a task's log."""
    return [row["t"] for row in next(value for key, value in SAMPLES.items() if name in key)["data"]]
