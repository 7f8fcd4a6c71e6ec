"""What a job's state file says."""

import json
from pathlib import Path

from hypothesis import given, strategies as st
import pytest

from proxmox_backup_log_agent.jobs import MAX_SIZE, parse

from .conftest import STATE
from .host import Agent, Host, make_readable, without_rights

SAMPLES = json.loads((Path(__file__).parents[1] / "data/api/job_state_files.json").read_text())


@pytest.mark.parametrize("name", SAMPLES)
def test_every_state_that_proxmox_writes_is_read(name: str) -> None:
    written = SAMPLES[name]
    read = parse(json.dumps(written).encode())
    assert read["state"] == written["state"]
    for field, source in (("upid", "upid"), ("message", "msg"), ("time", "time"), ("updated", "updated")):
        assert read[field] == written.get(source)
    assert (read["enabled"], read["schedule"], read["error"]) == (True, "21:00", None)


@pytest.mark.parametrize(
    "content", [b"", b"{", b"nonsense", b'{"state": "sta', b"\xff\xfe", b"\0" * 300, b"[" * 60_000]
)
def test_what_proxmox_cannot_read_either_is_said_to_be_broken(content: bytes) -> None:
    read = parse(content)
    assert read["error"] == "not JSON"
    assert {value for field, value in read.items() if field != "error"} == {None}


@pytest.mark.parametrize("content", [b"[]", b'"text"', b"1", b"null"])
def test_json_that_is_no_state_is_said_to_be_broken(content: bytes) -> None:
    assert parse(content)["error"] == "not a JSON object"


def test_numbers_that_perl_wrote_as_text_are_numbers_and_others_are_nothing() -> None:
    read = parse(b'{"time":"1755716400","updated":"soon","msg":5,"state":true,"config":{"enabled":"0","schedule":22}}')
    assert (read["time"], read["updated"], read["message"], read["state"]) == (1_755_716_400, None, "5", None)
    assert (read["enabled"], read["schedule"]) == (False, "22")


@pytest.mark.parametrize("moment", ["-1", "253402300800", "9" * 4000, "1e400", "NaN"])
def test_a_time_that_no_calendar_has_is_none(moment: str) -> None:
    read = parse(f'{{"state":"stopped","time":{moment},"updated":1755716400}}'.encode())
    assert (read["state"], read["time"], read["updated"]) == ("stopped", None, 1_755_716_400)


def test_half_a_character_is_a_question_mark() -> None:
    assert parse(rb'{"state":"stopped","msg":"a \ud83d b","upid":"\ud83d\ude00"}')["message"] == "a ? b"
    assert parse(rb'{"upid":"\ud83d\ude00"}')["upid"] == "\N{GRINNING FACE}"


@given(st.recursive(st.none() | st.booleans() | st.floats() | st.integers() | st.text(), lambda inner: st.lists(inner)))
def test_no_value_is_too_odd(value: object) -> None:
    fields = ("state", "upid", "msg", "time", "updated")
    content = json.dumps(dict.fromkeys(fields, value) | {"config": {"enabled": value, "schedule": value}})
    assert parse(content.encode())["error"] is None


@given(st.binary())
def test_no_bytes_are_too_odd(content: bytes) -> None:
    parse(content)


async def test_broken_state_files_are_shown_beside_the_others(agent: Agent, host: Host) -> None:
    host.write_job("cut", '{"state":"star')
    host.write_job("empty", "")
    host.write_job("huge", '{"state":"' + "x" * MAX_SIZE + '"}')
    jobs = (await agent.json("/v1/jobs"))["jobs"]
    assert isinstance(jobs, list)
    assert {job["id"]: job["error"] for job in jobs} == {
        "cut": "not JSON",
        "empty": "not JSON",
        "huge": "too large",
        "nightly": None,
    }


async def test_a_state_that_cannot_be_read_hides_no_other_and_is_not_called_broken(agent: Agent, host: Host) -> None:
    make_readable(host.jobs)
    secret = host.write_job("secret", STATE)
    cursor = (await agent.json("/v1/changes"))["cursor"]
    host.write_job("secret", STATE | {"msg": "news"}).chmod(0)
    host.write_job("nightly", STATE | {"msg": "news"})
    with without_rights():
        jobs, changes = await agent.json("/v1/jobs"), await agent.json(f"/v1/changes?after={cursor}")
    for answer in (jobs, changes):
        assert [(job["id"], job["message"]) for job in answer["jobs"]] == [("nightly", "news")]  # type: ignore[attr-defined]
        assert answer["unreadable_jobs"] == [{"id": "secret", "error": "Permission denied"}]
    assert changes["removed_jobs"] == ["secret"], "a client must not go on with what it knew"
    secret.chmod(0o644)
    with without_rights():
        jobs = await agent.json("/v1/jobs")
    assert [job["id"] for job in jobs["jobs"]] == ["nightly", "secret"]  # type: ignore[attr-defined]
    assert jobs["unreadable_jobs"] == []


async def test_where_no_state_can_be_read_all_are_named(agent: Agent, host: Host) -> None:
    make_readable(host.jobs)
    for name in ("nightly", "weekly"):
        host.write_job(name, STATE).chmod(0)
    with without_rights():
        answer = await agent.json("/v1/jobs")
    assert answer["jobs"] == []
    assert [job["id"] for job in answer["unreadable_jobs"]] == ["nightly", "weekly"]  # type: ignore[attr-defined]
