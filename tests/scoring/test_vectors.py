"""All of our vectors are answered as Proxmox answers them."""

from pathlib import Path

import pytest

from .backup_server import GROUND_FLOOR
from .simulated_backup_server import SIMULATOR
from .vectors import DATA, Verdict, read, score

FOLDERS = {name: DATA if (DATA / f"{name}.json").exists() else DATA / "pbs" for name in GROUND_FLOOR}


@pytest.mark.parametrize("name", GROUND_FLOOR)
def test_every_vector_is_answered_as_proxmox_answers_it(name: str) -> None:
    result = score(FOLDERS[name], {name: GROUND_FLOOR[name]})
    left_out = {"gate", "pbs_nokeep", "pbs_keep0"}
    vectors = [
        entry
        for entry in read(FOLDERS[name] / f"{name}.json")[0]
        if not left_out & {entry.get("kind"), entry.get("cls")}
    ]
    assert result.counts.total() == len(vectors) > 0
    assert result.wrong == []


@pytest.mark.parametrize("name", SIMULATOR)
def test_the_virtual_server_answers_every_vector_as_a_real_one(name: str) -> None:
    result = score(DATA / "pbs", {name: SIMULATOR[name]})
    assert result.counts.total() > 0
    assert result.wrong == []


def test_every_file_of_a_backup_server_is_scored() -> None:
    assert {path.stem for path in (DATA / "pbs").glob("*.json")} <= GROUND_FLOOR.keys() | SIMULATOR.keys()


def test_a_wrong_answer_is_counted_and_what_nobody_asks_is_not(tmp_path: Path) -> None:
    (tmp_path / "x.json").write_text(
        '{"meta": {}, "vectors": [{"kind": "a"}, {"kind": "a"}, {"kind": "b"}, {"kind": "c"}]}'
    )
    answers = iter((True, False))

    def verdict(vector: dict[str, object], _: dict[str, object]) -> bool | None:
        if vector["kind"] == "b":
            raise KeyError("b")
        return next(answers) if vector["kind"] == "a" else None

    verdicts: dict[str, Verdict] = {"x": verdict, "not there": verdict}
    result = score(tmp_path, verdicts)
    assert list(result.table()) == [
        "x a                                   1/2       50.00 %",
        "x b                                   0/1        0.00 %",
    ]
    assert [note for _, _, note in result.wrong] == ["another answer", "KeyError: 'b'"]
