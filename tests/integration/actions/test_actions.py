"""Actions, as automations and people call them."""

import json
from pathlib import Path
import string
from typing import Any

from homeassistant.auth.models import User
from homeassistant.core import Context, HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError, Unauthorized
from homeassistant.setup import async_setup_component
import probatio
import pytest

import custom_components.proxmox_backup_checker as integration
from custom_components.proxmox_backup_checker.checker.model.verdict import Confidence
from custom_components.proxmox_backup_checker.const import DOMAIN
from simulator.outcomes import failed, storage_unreachable
from simulator.restoring import restore
from tests.acceptance.home import Home
from tests.integration.states import device, entity

ROOT = Path(integration.__path__[0])
IO_ERROR = "job failed with err -5 - Input/output error"
NIGHT = "2026-01-13T05:00:00"


async def act(home: Home, action: str, **data: Any) -> dict[str, Any]:
    """Call an action and return its response, as Home Assistant would write it to a trace."""
    response = await home.hass.services.async_call(DOMAIN, action, data, blocking=True, return_response=True)
    answer: dict[str, Any] = json.loads(json.dumps(response))
    return answer


async def refused(home: Home, action: str, **data: Any) -> str:
    """Call an action that has to be refused, and return what the user is told."""
    with pytest.raises(ServiceValidationError) as error:
        await act(home, action, **data)
    return str(error.value)


@pytest.fixture
async def failing(home: Home) -> Home:
    """A night in which files (104) could not be saved."""
    home.pve.guest(104).fails(failed(IO_ERROR))
    await home.until(NIGHT)
    return home


def device_of(home: Home, key: str) -> str:
    """Return the id of a device."""
    assert home.entry is not None
    found = device(home.hass, home.entry, key)
    assert found is not None
    return found.id


async def test_check_now_reads_everything_again_and_waits_for_the_result(home: Home) -> None:
    await home.look()
    home.pve.job("nightly").run()
    home.freezer.move_to(home.now)
    before = len(home.pve.requests)
    [cluster] = (await act(home, "check_now"))["clusters"]
    assert (cluster["cluster"], cluster["protected"], cluster["guests"]) == ("small", 4, 4)
    assert cluster["reason"] == "4 of 4 guests protected."
    assert home.guest(101).brief == ("off", "ok")
    read = {request.path for request in home.pve.requests[before:]}
    assert {"/nodes/pve1/time", "/storage"} <= {path.removeprefix("/api2/json") for path in read}
    assert home.entry is not None
    assert await act(home, "check_now", config_entry_id=home.entry.entry_id)
    await home.hass.services.async_call(DOMAIN, "check_now", {}, blocking=True)


async def test_check_now_says_why_the_cluster_cannot_be_read(home: Home) -> None:
    await home.look()
    home.pve.faults.broken["/cluster/resources"] = "<html>"
    with pytest.raises(HomeAssistantError, match="Proxmox did not answer as expected"):
        await act(home, "check_now")
    assert home.entry is not None
    await home.hass.config_entries.async_unload(home.entry.entry_id)
    with pytest.raises(ServiceValidationError):
        await act(home, "check_now")


async def test_explain_tells_the_verdict_with_everything_that_led_to_it(failing: Home) -> None:
    by_device = await act(failing, "explain", device_id=device_of(failing, "guest_104"))
    [verdict] = by_device["verdicts"]
    assert verdict["name"] == "files (104)"
    assert (verdict["verdict"], verdict["problem"], verdict["reason_code"]) == ("failed", True, "backup_failed")
    assert verdict["error"] == IO_ERROR
    assert verdict["evidence"][0].startswith("UPID:pve2:")
    assert verdict["trace"].items() >= {"rule": "newest_run", "due_slot": "2026-01-13T01:00:00+00:00"}.items()
    text = verdict["text"]
    for sentence in (
        "files (104): failed. The last backup on pve2 failed: a disk reported read or write errors.",
        f"Proxmox says: {IO_ERROR}.",
        "What to do: Check the SMART values",
        "No good backup is known.",
        "was due on Tuesday, 13 January 2026, 02:00; until Tuesday, 13 January 2026, 04:00 it was still in time.",
        "The next backup is due on Wednesday, 14 January 2026, 02:00.",
    ):
        assert sentence in text
    found = entity(failing.hass, "_guest_104_problem")
    assert found is not None
    for data in ({"guest": "104"}, {"guest": "Files"}, {"entity_id": found.entity_id}):
        assert await act(failing, "explain", **data) == by_device


async def test_explain_speaks_german_where_home_assistant_does(home: Home) -> None:
    home.hass.config.language = "de"
    home.pve.guest(104).fails(failed(IO_ERROR))
    await home.until(NIGHT)
    [verdict] = (await act(home, "explain", guest="104"))["verdicts"]
    assert verdict["text"].startswith("files (104): fehlgeschlagen. Die letzte Sicherung auf pve2 ist fehlgeschlagen:")
    assert "Die nächste Sicherung ist am Mittwoch, 14.01.2026, 02:00 fällig." in verdict["text"]


async def test_explain_knows_jobs_storages_and_the_cluster_with_its_problems(failing: Home) -> None:
    [job] = (await act(failing, "explain", job="nightly"))["verdicts"]
    assert job["text"].startswith("nightly: failed. The last run on pve2 could not back up: files (104).")
    assert (await act(failing, "explain", job="backup-nightly"))["verdicts"] == [job]
    [storage] = (await act(failing, "explain", storage="nas"))["verdicts"]
    assert storage["text"] == "nas: OK. 25 % full."
    [cluster] = (await act(failing, "explain"))["verdicts"]
    assert cluster["text"].startswith("small: there are problems.")
    assert "files (104): The last backup on pve2 failed" in cluster["text"]
    several = await act(failing, "explain", guest="101", job="nightly", storage="nas")
    assert [verdict["kind"] for verdict in several["verdicts"]] == ["guest", "job", "storage"]


async def test_explain_tells_of_a_run_in_progress_of_findings_and_of_what_is_acknowledged(failing: Home) -> None:
    found = entity(failing.hass, "_guest_104_problem")
    assert found is not None
    await failing.hass.services.async_call(DOMAIN, "acknowledge", {"entity_id": found.entity_id}, blocking=True)
    [verdict] = (await act(failing, "explain", guest="104"))["verdicts"]
    assert verdict["acknowledged"]
    assert "It is silenced: no more messages until it is fixed" in verdict["text"]
    report = await act(failing, "report")
    assert report["summary"].endswith("1 problem is silenced.")
    assert "dmesg in the shell. (silenced)" in report["text"]
    assert report["problems_acknowledged"] == 1

    failing.pve.guest(101).exclude_disk("scsi0")
    failing.pve.job("nightly").start()
    await failing.after(seconds=20)
    [running] = (await act(failing, "explain", guest="102"))["verdicts"]
    assert (running["status"], running["verdict"]) == ("running", "ok")
    assert "A backup is running at the moment" in running["text"]
    await failing.after(hours=1)
    [partial] = (await act(failing, "explain", guest="101"))["verdicts"]
    assert partial["findings"]
    assert partial["findings"][-1]["reason"] in partial["text"]


async def test_explain_and_report_name_a_dozen_problems_and_count_the_others(home: Home) -> None:
    for vmid in range(201, 213):
        home.pve.add_vm(vmid, f"new{vmid}", "pve1", size=1)
    await home.look()
    await home.after(hours=50)
    [cluster] = (await act(home, "explain"))["verdicts"]
    assert cluster["text"].endswith("new210 (210): In no enabled backup job. And 2 more problems.")
    report = await act(home, "report")
    assert report["summary"].endswith("needs attention: new201 (201), new202 (202), new203 (203) and 9 others.")


async def test_what_does_not_exist_is_refused_with_what_to_do(failing: Home) -> None:
    failing.pve.guest(103).rename("web")
    await failing.after(minutes=10)
    assert "no guest 999" in await refused(failing, "explain", guest="999")
    assert "no guest mail" in await refused(failing, "explain", guest="mail")
    assert "101, 103" in await refused(failing, "explain", guest="web")
    assert "There are: nightly" in await refused(failing, "explain", job="weekly")
    assert "nas" in await refused(failing, "explain", storage="tape")
    assert "Choose the device" in await refused(failing, "explain", entity_id="light.kitchen")
    assert "one guest or one backup job" in await refused(failing, "get_log")
    assert "by guest and by storage" in await refused(
        failing, "list_archives", device_id=device_of(failing, "job_backup-nightly")
    )
    assert "earlier" in await refused(failing, "list_runs", since="2026-01-13 05:00", until="2026-01-12 05:00")
    assert await refused(failing, "report", config_entry_id="no such entry")
    failing.pve.add_vm(110, "new", "pve1", size=1)
    await failing.after(minutes=10)
    assert "No backup run of new (110) is known" in await refused(failing, "get_log", guest="110")
    for wrong in ({"limit": 0}, {"limit": 5000}, {"since": "yesterday"}, {"nonsense": 1}):
        with pytest.raises(probatio.Invalid):
            await act(failing, "list_runs", **wrong)


async def test_list_runs_tells_what_each_run_did_for_every_guest(failing: Home) -> None:
    failing.pve.guest(104).recovers()
    await failing.until("2026-01-14T05:00:00")
    everything = await act(failing, "list_runs")
    assert everything["total"] == 4
    starts = [run["started"] for run in everything["runs"]]
    assert starts == sorted(starts, reverse=True)
    files = (await act(failing, "list_runs", guest="files"))["runs"]
    assert [[guest["result"] for guest in run["guests"] if guest["vmid"] == 104] for run in files] == [
        ["ok"],
        ["failed"],
    ]
    bad = files[1]
    assert (bad["job"], bad["status"], bad["running"], bad["storage"]) == ("nightly", "job errors", False, "nas")
    assert bad["guests"][1]["cause"] == "a disk reported read or write errors"
    assert bad["guests"][0]["size"] > 0
    assert (await act(failing, "list_runs", job="nightly", limit=1))["runs"] == everything["runs"][:1]
    late = await act(failing, "list_runs", since="2026-01-14 00:00:00")
    early = await act(failing, "list_runs", until="2026-01-14T00:00:00+01:00")
    assert (late["total"], early["total"]) == (2, 2)
    assert {run["upid"] for run in late["runs"]}.isdisjoint({run["upid"] for run in early["runs"]})


async def test_list_runs_shows_the_run_in_progress(home: Home) -> None:
    await home.look()
    home.pve.job("nightly").start()
    await home.after(seconds=20)
    running = [run for run in (await act(home, "list_runs"))["runs"] if run["running"]]
    assert {run["node"] for run in running} == {"pve1", "pve2"}
    assert all(run["ended"] is None and run["seconds"] is None for run in running)


async def test_list_archives_by_guest_and_by_storage(failing: Home) -> None:
    await failing.until("2026-01-14T05:00:00")
    web = await act(failing, "list_archives", guest="web")
    assert web["total"] == 2
    assert [archive["vmid"] for archive in web["archives"]] == [101, 101]
    assert web["archives"][0]["created"] > web["archives"][1]["created"]
    nas = await act(failing, "list_archives", device_id=device_of(failing, "storage_nas"))
    assert {archive["vmid"] for archive in nas["archives"]} == {101, 102, 103}
    assert nas == await act(failing, "list_archives", storage="nas")
    assert (await act(failing, "list_archives", guest="web", storage="pve1/local"))["total"] == 0
    assert (await act(failing, "list_archives", limit=1))["archives"] == nas["archives"][:1]


async def test_estimate_recovery_adds_up_what_restores_and_backups_tell_and_names_it_an_estimate(home: Home) -> None:
    await home.until(NIGHT)
    by_backups = await act(home, "estimate_recovery")
    assert by_backups["estimate"] is True
    assert [guest["basis"] for guest in by_backups["guests"]] == ["backups"] * 4
    assert by_backups["seconds"] == sum(guest["seconds"] for guest in by_backups["guests"])
    assert "an estimate from how fast its backups are read" in by_backups["guests"][0]["sentence"]
    restored = restore(home.pve, 101, 9101, "nas")
    await home.after(minutes=61)
    own = await act(home, "estimate_recovery", guest="101")
    assert [guest["basis"] for guest in own["guests"]] == ["own_restore"]
    assert own["seconds"] == pytest.approx(restored.seconds, abs=1)
    assert own["guests"][0]["last_restore"] is not None
    node = await act(home, "estimate_recovery", node="pve2")
    assert [guest["vmid"] for guest in node["guests"]] == [102, 104]
    assert [guest["basis"] for guest in node["guests"]] == ["restores", "backups"]
    assert (node["guests_unknown"], node["guests_without_archive"]) == (0, 0)
    assert (await act(home, "estimate_recovery", guest="9101"))["guests_without_archive"] == 1
    assert "It has: pve1, pve2, pve3" in await refused(home, "estimate_recovery", node="pve9")


async def test_h61_try_retention_tells_what_would_stay_and_go_and_changes_nothing(home: Home) -> None:
    for night in range(13, 17):
        await home.until(f"2026-01-{night}T05:00:00")
    archives = [archive.name for archive in home.pve.storage("nas").archives]
    one = await act(home, "try_retention", job="nightly", keep_last=1)
    assert (one["stay"], one["go"], one["keep"]) == (4, 12, "keep-last=1")
    assert one["go_bytes"] > one["stay_bytes"] > 0
    assert {guest["vmid"] for guest in one["guests"]} == {101, 102, 103, 104}
    assert [entry["stays"] for entry in one["guests"][0]["archives"]] == [True, False, False, False]
    everything = await act(home, "try_retention", job="nightly")
    assert (everything["stay"], everything["go"], everything["keep"]) == (16, 0, "keep-all=1")
    assert [archive.name for archive in home.pve.storage("nas").archives] == archives
    assert "weekly" in await refused(home, "try_retention", job="weekly")


async def test_get_log_shows_the_failure_of_a_guest_or_job_and_the_whole_on_request(failing: Home) -> None:
    log = await act(failing, "get_log", guest="files")
    assert log["text"].splitlines()[0] == "INFO: Starting Backup of VM 104 (lxc)"
    assert log["errors"][0] == f"ERROR: Backup of VM 104 failed - {IO_ERROR}"
    assert log["failure_line"] == log["first_line"] + log["text"].splitlines().index(log["errors"][0])
    job = await act(failing, "get_log", job="nightly")
    assert IO_ERROR in job["text"]
    whole = await act(failing, "get_log", upid=log["upid"], whole=True)
    assert whole["text"].splitlines()[log["failure_line"] - 1] == log["errors"][0]
    assert (whole["first_line"], whole["last_line"]) == (1, whole["total_lines"])
    assert "not the UPID" in await refused(failing, "get_log", upid="UPID")


async def test_get_log_is_for_administrators(failing: Home, hass_read_only_user: User) -> None:
    with pytest.raises(Unauthorized):
        await failing.hass.services.async_call(
            DOMAIN,
            "get_log",
            {"guest": "files"},
            blocking=True,
            return_response=True,
            context=Context(user_id=hass_read_only_user.id),
        )


async def test_report_of_a_night_and_of_the_week_after_it(failing: Home) -> None:
    day = await act(failing, "report")
    assert day["title"] == "Backups of small, last 24 hours: 1 problem"
    assert day["summary"] == "3 of 4 protected, 3.5 GiB in 1 min, needs attention: files (104)."
    assert (
        "- **files (104)**: The last backup on pve2 failed: a disk reported read or write errors. Check"
        in day["markdown"]
    )
    assert "- **nightly**: 1 run, 1 failed, 3.5 GiB in 1 min" in day["markdown"]
    assert (day["runs"], day["runs_failed"], day["guests_failed"], day["problems"]) == (1, 1, 1, 1)
    assert [found["name"] for found in day["to_look_at"]] == ["files (104)"]
    failing.pve.guest(104).recovers()
    await failing.until("2026-01-18T05:00:00")
    week = await act(failing, "report", period="week")
    assert week["title"] == "Backups of small, last 7 days: all is well"
    assert week["summary"].endswith("nothing to do.")
    assert "Failed, and good again since:\n- files (104): failed on Tuesday, 13 January 2026, 02:00" in week["text"]
    assert "- nightly: 6 runs, 1 failed" in week["text"]
    assert week["text"].endswith("Next backup: Monday, 19 January 2026, 02:00.")
    assert (await act(failing, "report"))["runs"] == 1


async def test_report_in_german_names_the_run_that_came_to_no_guest(home: Home) -> None:
    home.hass.config.language = "de"
    home.pve.job("nightly").next_run_ends(outcome=storage_unreachable("storage 'nas' is not online"))
    await home.until(NIGHT)
    report = await act(home, "report")
    assert report["title"] == "Sicherungen von small, letzte 24 Stunden: 4 Probleme"
    assert report["summary"].startswith("0 von 4 geschützt, ")
    assert "Braucht Aufmerksamkeit:\n- web (101): " in report["text"]
    assert "files (104): " in report["text"]


async def test_actions_exist_before_any_cluster_is_set_up(hass: HomeAssistant) -> None:
    assert await async_setup_component(hass, DOMAIN, {})
    with pytest.raises(ServiceValidationError):
        await hass.services.async_call(DOMAIN, "report", {}, blocking=True, return_response=True)


def test_texts_are_the_same_in_every_language_and_have_the_same_blanks() -> None:
    texts = {
        path.stem.removeprefix("reports_"): json.loads(path.read_text(encoding="utf-8"))
        for path in (ROOT / "texts").glob("reports_*.json")
    }
    blanks = {
        language: {
            key: {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}
            for key, text in found.items()
        }
        for language, found in texts.items()
    }
    assert blanks.keys() == {"en", "de"}
    assert blanks["en"].keys() == blanks["de"].keys()
    for key, names in blanks["en"].items():
        assert names == blanks["de"][key], key
    assert {f"confidence_{confidence.value}" for confidence in Confidence} <= texts["en"].keys()


@pytest.mark.parametrize("language", ["en", "de"])
def test_every_refusal_is_translated(language: str) -> None:
    translations = json.loads((ROOT / "translations" / f"{language}.json").read_text(encoding="utf-8"))
    code = "".join(path.read_text(encoding="utf-8") for path in ROOT.rglob("*.py"))
    keys = {
        part.partition('"')[0] for part in code.replace("invalid(\n            ", "invalid(").split('invalid("')[1:]
    }
    assert {"not_a_run", "unknown_guest", "unknown_storage", "no_run_of"} <= keys
    assert keys <= translations["exceptions"].keys()
