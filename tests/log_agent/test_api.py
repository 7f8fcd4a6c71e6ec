"""What each path answers."""

import gzip
import os
from pathlib import Path
import time

from proxmox_backup_log_agent import API_VERSION, __version__

from .conftest import STATE
from .host import LOG, Agent, Host


async def test_the_status_says_who_and_when_it_is(agent: Agent) -> None:
    status = await agent.json("/v1/status")
    assert (status["version"], status["api"]) == (__version__, API_VERSION)
    assert (status["node"], status["time_zone"]) == ("pve1", "Europe/Berlin")
    assert abs(float(str(status["time"])) - time.time()) < 5
    uptime = float(Path("/proc/uptime").read_text().split()[0])
    assert abs(float(str(status["boot_time"])) - (time.time() - uptime)) < 5
    assert (status["logs"], status["jobs"]) == ("readable", "readable")


async def test_the_status_tells_a_missing_folder_from_one_it_may_not_follow(agent: Agent, host: Host) -> None:
    host.logs.rename(host.root / "elsewhere")
    host.logs.symlink_to(host.root / "elsewhere")
    host.jobs.rename(host.root / "jobs")
    status = await agent.json("/v1/status")
    assert (status["logs"], status["jobs"]) == ("unreadable", "missing")


async def test_a_host_that_never_made_a_backup_has_no_logs_and_no_jobs(agent: Agent, host: Host) -> None:
    host.logs.rename(host.root / "elsewhere")
    host.jobs.rename(host.root / "jobs")
    assert await agent.json("/v1/logs") == {"logs": []}
    assert await agent.json("/v1/jobs") == {"jobs": [], "unreadable_jobs": []}


async def test_a_folder_that_cannot_be_read_is_never_shown_as_empty(agent: Agent, host: Host) -> None:
    host.logs.rename(host.root / "elsewhere")
    host.logs.symlink_to(host.root / "elsewhere")
    for path in ("/v1/logs", "/v1/changes"):
        status, _, body = await agent.get(path)
        assert status == 503
        assert b"/var/log/vzdump" in body


async def test_the_logs_are_listed_with_size_and_time(agent: Agent, host: Host) -> None:
    host.write_log("lxc-101.log", b"x" * 7)
    os.utime(host.logs / "lxc-101.log", (1_755_700_000, 1_755_700_000.5))
    logs = (await agent.json("/v1/logs"))["logs"]
    assert isinstance(logs, list)
    assert [log["name"] for log in logs] == ["lxc-101.log", "qemu-100.log"]
    assert logs[0] == {"name": "lxc-101.log", "size": 7, "modified": 1_755_700_000.5}


async def test_the_jobs_are_listed_with_what_their_state_files_say(agent: Agent, host: Host) -> None:
    modified = (host.jobs / "vzdump-nightly.json").stat().st_mtime_ns / 1e9
    nightly = {"id": "nightly", "state": "stopped", "message": "OK", "upid": STATE["upid"], "modified": modified}
    nothing = dict.fromkeys(("time", "updated", "enabled", "schedule", "error"))
    assert await agent.json("/v1/jobs") == {"jobs": [nightly | nothing], "unreadable_jobs": []}


async def test_a_job_that_changed_is_read_again(agent: Agent, host: Host) -> None:
    await agent.json("/v1/jobs")
    host.write_job("nightly", STATE | {"msg": "job errors"})
    jobs = (await agent.json("/v1/jobs"))["jobs"]
    assert isinstance(jobs, list)
    assert jobs[0]["message"] == "job errors"


async def test_a_log_comes_byte_for_byte(agent: Agent, host: Host) -> None:
    content = b"2026-11-23 21:00:03 INFO: \xff\xfe broken\r\n\0" + os.urandom(300_000)
    host.write_log("qemu-100.log", content)
    status, headers, body = await agent.get("/v1/logs/qemu-100.log")
    assert (status, body) == (200, content)
    assert headers["content-length"] == headers["log-size"] == str(len(content))
    assert headers["log-offset"] == "0"


async def test_an_empty_log_is_an_empty_answer(agent: Agent, host: Host) -> None:
    host.write_log("qemu-100.log", "")
    status, headers, body = await agent.get("/v1/logs/qemu-100.log")
    assert (status, body, headers["log-size"]) == (200, b"", "0")


async def test_the_tail_is_the_end_and_says_where_it_begins(agent: Agent) -> None:
    for tail, expected in ((1, LOG[-1:]), (10, LOG[-10:]), (0, ""), (10**18 - 1, LOG)):
        _, headers, body = await agent.get(f"/v1/logs/qemu-100.log?tail={tail}")
        assert body.decode() == expected
        assert headers["log-size"] == str(len(LOG))
        assert headers["log-offset"] == str(len(LOG) - len(expected))


async def test_a_log_comes_packed_to_who_takes_gzip(agent: Agent, host: Host) -> None:
    content = (LOG * 5000).encode()
    host.write_log("qemu-100.log", content)
    status, headers, body = await agent.get("/v1/logs/qemu-100.log", Accept_Encoding="br, gzip;q=0.8")
    assert (status, headers["content-encoding"]) == (200, "gzip")
    assert len(body) < len(content) / 10
    assert gzip.decompress(body) == content
    assert headers["vary"] == "Accept-Encoding"


async def test_a_log_comes_plain_to_who_refuses_gzip(agent: Agent, host: Host) -> None:
    host.write_log("qemu-100.log", LOG * 50)
    for accepted in ("gzip;q=0", "gzip; q=0.0", "br", "identity", ""):
        _, headers, body = await agent.get("/v1/logs/qemu-100.log", Accept_Encoding=accepted)
        assert "content-encoding" not in headers
        assert body.decode() == LOG * 50


async def test_what_did_not_change_is_not_sent_again(agent: Agent) -> None:
    for path in ("/v1/logs", "/v1/jobs", "/v1/logs/qemu-100.log", "/v1/logs/qemu-100.log?tail=5"):
        _, headers, _ = await agent.get(path)
        etag = headers["etag"]
        for asked in (etag, f'"other", {etag}', f"W/{etag}" if not etag.startswith("W/") else etag[2:], "*"):
            status, again, body = await agent.get(path, If_None_Match=asked)
            assert (status, body, again["etag"]) == (304, b"", etag)
        assert (await agent.get(path, If_None_Match='"other"'))[0] == 200


async def test_what_changed_is_sent_again(agent: Agent, host: Host) -> None:
    before = {path: (await agent.get(path))[1]["etag"] for path in ("/v1/logs", "/v1/jobs", "/v1/logs/qemu-100.log")}
    with (host.logs / "qemu-100.log").open("a") as log:
        log.write("more\n")
    host.write_job("nightly", STATE | {"msg": "job errors"})
    for path, etag in before.items():
        status, headers, _ = await agent.get(path, If_None_Match=etag)
        assert status == 200
        assert headers["etag"] != etag


async def test_a_log_rewritten_to_the_same_size_is_another_log(agent: Agent, host: Host) -> None:
    _, headers, _ = await agent.get("/v1/logs/qemu-100.log")
    host.write_log("qemu-100.log", LOG.replace("21:0", "22:0"))
    status, _, body = await agent.get("/v1/logs/qemu-100.log", If_None_Match=headers["etag"])
    assert status == 200
    assert b"22:00:03" in body
