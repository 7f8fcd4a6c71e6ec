"""What a job's state file says."""

import json
from pathlib import Path

from hypothesis import given, strategies as st
import pytest

from proxmox_backup_log_agent.jobs import MAX_SIZE, parse

from .host import Agent, Host

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
