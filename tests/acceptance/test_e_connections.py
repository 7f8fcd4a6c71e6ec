"""Rows E01 to E32: connections, rights, restarts, and what they must never be taken for."""

from collections import Counter
from datetime import datetime, timedelta
import json
from typing import Any

from homeassistant.config_entries import SOURCE_REAUTH, SOURCE_USER
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import issue_registry as ir
from homeassistant.helpers.aiohttp_client import async_get_clientsession
import pytest
from yarl import URL

from custom_components.proxmox_backup_checker.const import DOMAIN
from custom_components.proxmox_backup_checker.diagnostics import async_get_config_entry_diagnostics
from simulator.guests import GIB, Disk
from simulator.outcomes import failed, running
from simulator.storages import Archive

from .conftest import RunningAgent, StartAgent
from .happened import listen
from .home import Home

TUESDAY_MORNING = "2026-01-13T05:00:00"
GUESTS = (101, 102, 103, 104)
ALL_OK = [("off", "ok")] * 4


def briefs(home: Home) -> list[tuple[str, str]]:
    return [home.guest(vmid).brief for vmid in GUESTS]


async def test_e01_one_failed_poll_changes_nothing(home: Home) -> None:
    await home.until(TUESDAY_MORNING)
    before = [home.hass.states.get(state.entity_id) for state in home.hass.states.async_all()]
    home.pve.faults.errors["/cluster/resources"] = (500, "got timeout")
    await home.after(minutes=5)
    assert [home.hass.states.get(state.entity_id) for state in home.hass.states.async_all()] == before
    home.pve.faults.errors.clear()
    await home.after(minutes=5)

    assert briefs(home) == ALL_OK


async def test_e02_an_api_out_of_reach_makes_entities_unavailable_after_three_polls_and_alarms_nobody(
    home: Home,
) -> None:
    await home.until(TUESDAY_MORNING)
    for name in ("pve1", "pve2", "pve3"):
        home.pve.servers[name].refuse()
    for _ in range(3):
        await home.after(minutes=5)
        assert briefs(home) == ALL_OK
    await home.after(minutes=5)

    assert home.guest(101).problem == "unavailable"
    assert home.problems() == []


async def test_e03_what_cannot_be_verified_for_a_day_is_a_problem(home: Home) -> None:
    await home.until(TUESDAY_MORNING)
    for name in ("pve1", "pve2", "pve3"):
        home.pve.servers[name].refuse()
    seen = await home.live(hours=23, step=timedelta(hours=1))
    assert set(seen) == {""}
    await home.after(hours=4)

    assert home.guest(101).brief == ("on", "unknown")
    assert home.guest(101).reason_code == "cannot_verify"
    assert "13 January 2026" in home.guest(101).reason


async def test_e04_an_offline_node_before_its_slot_changes_no_verdict(home: Home) -> None:
    await home.until(TUESDAY_MORNING)
    home.pve.node("pve2").go_offline()
    await home.after(hours=3)

    assert briefs(home) == ALL_OK
    assert home.problems() == []


@pytest.mark.parametrize("restarted", [False, True])
async def test_e04_templates_and_tagged_guests_of_a_node_without_statistics_raise_no_alarm(
    home: Home, restarted: bool
) -> None:
    home.pve.add_vm(900, "golden-image", "pve2", size=4, template=True)
    home.pve.add_vm(901, "scratch", "pve2", size=4, tags="no-backup")
    await home.until(TUESDAY_MORNING)
    home.pve.node("pve2").go_offline()
    await home.after(hours=1)
    if restarted:
        await home.restart()
    await home.after(hours=8)

    assert home.guest(900).brief == ("off", "ignored")
    assert (home.guest(901).brief, home.guest(901).reason_code) == (("off", "ignored"), "ignored_by_tag")
    assert home.guest(102).attributes["friendly_name"].startswith("database")


async def test_e04_a_guest_first_seen_on_an_offline_node_is_not_called_uncovered(home: Home) -> None:
    home.pve.add_vm(900, "golden-image", "pve2", size=4, template=True)
    home.pve.node("pve2").go_offline()
    await home.after(hours=1)

    assert home.guest(900).brief == ("unknown", "unknown")
    assert "pve2" in home.guest(900).reason


async def test_e05_a_node_offline_over_the_slot_leaves_its_guests_overdue_with_that_cause(home: Home) -> None:
    await home.until(TUESDAY_MORNING)
    home.pve.node("pve2").go_offline()
    await home.until("2026-01-14T06:00:00")

    for vmid in (102, 104):
        assert (home.guest(vmid).brief, home.guest(vmid).reason_code) == (("on", "overdue"), "node_offline")
        assert "pve2" in home.guest(vmid).reason
    assert home.guest(101).brief == ("off", "ok")
    assert home.job().brief == ("on", "overdue")


async def test_e05_the_configured_node_offline_over_the_slot_leaves_only_its_own_guests_overdue(home: Home) -> None:
    await home.until("2026-01-12T20:00:00")
    home.pve.node("pve1").go_offline()
    await home.after(minutes=10)
    assert home.problems() == []
    await home.live(hours=14, step=timedelta(hours=2))

    for vmid, node in ((101, "pve1"), (102, "pve2"), (103, "pve1"), (104, "pve2")):
        shown = home.guest(vmid)
        expected = ("on", "node_offline") if node == "pve1" else ("off", "backed_up")
        assert (shown.problem, shown.reason_code) == expected
    assert home.assessment.guests[101].guest.node == "pve1"
    issues = ir.async_get(home.hass).issues
    assert [issue.translation_key for issue in issues.values()] == ["configured_node_missing"]


async def test_e06_a_node_expected_to_be_offline_is_no_problem_until_its_guests_backups_are_too_old(home: Home) -> None:
    home.options = {"expected_offline": ["pve2"]}
    home.pve.guest(104).tags = "backup-rpo-2d"
    await home.until(TUESDAY_MORNING)
    home.pve.node("pve2").go_offline()
    await home.until("2026-01-14T06:00:00")

    for vmid in (102, 104):
        assert (home.guest(vmid).brief, home.guest(vmid).reason_code) == (("off", "pending"), "node_expected_offline")
        assert "pve2" in home.guest(vmid).reason
    assert home.job().problem == "off"
    assert home.sensor("cluster_guests_protected").state == "2"
    await home.until("2026-01-15T06:00:00")
    assert home.problems() == ["cluster", "guest_104"]
    assert home.guest(104).reason_code == "older_than_allowed_days"
    await home.until("2026-01-21T06:00:00")
    assert sorted(home.problems()) == ["cluster", "guest_102", "guest_104"]


async def test_e07_without_the_right_to_see_archives_nothing_is_called_missing(home: Home) -> None:
    home.pve.limit_token({"/": "Sys.Audit VM.Audit Pool.Audit", "/storage": "Datastore.Audit Datastore.AllocateSpace"})
    seen = await home.live(days=2, step=timedelta(hours=4))

    assert set(seen[5:]) == {""}
    assert briefs(home) == ALL_OK
    content = [request for request in home.pve.requests if request.path.endswith("/storage/nas/content")]
    assert {request.status for request in content} == {200}
    assert "never" not in f"{home.guest(101).reason} {home.guest(101).attributes['findings']}".lower()
    # The dry run of prune lists archives for audit rights; without those, the rights are what is missing.
    home.pve.limit_token({"/": "Sys.Audit VM.Audit Pool.Audit", "/storage": "Datastore.AllocateSpace"})
    await home.until("2026-01-15T05:00:00")
    assert briefs(home) == ALL_OK
    assert home.entry is not None
    issue = ir.async_get(home.hass).async_get_issue(DOMAIN, f"missing_privileges_{home.entry.entry_id}")
    assert issue is not None
    assert issue.translation_placeholders is not None
    assert "`pveum acl modify /" in issue.translation_placeholders["missing"]


async def test_e08_where_the_runs_of_a_node_are_hidden_archives_decide(home: Home) -> None:
    home.pve.limit_token(
        {"/": "Sys.Audit VM.Audit Pool.Audit Datastore.Audit", "/nodes/pve1": "VM.Audit"},
    )
    await home.until(TUESDAY_MORNING)

    assert home.guest(101).brief == ("off", "ok")
    assert home.guest(101).attributes["confidence"] == "artifact"
    assert home.entry is not None
    assert ir.async_get(home.hass).async_get_issue(DOMAIN, f"missing_privileges_{home.entry.entry_id}")


async def test_e09_without_sight_of_the_jobs_nothing_is_called_fine(home: Home) -> None:
    await home.until(TUESDAY_MORNING)
    home.pve.limit_token({"/": "VM.Audit Pool.Audit Datastore.Audit", "/nodes": "Sys.Audit"})
    await home.after(hours=1)

    for vmid in GUESTS:
        assert home.guest(vmid).brief == ("unknown", "unknown")
        assert "Sys.Audit" in home.guest(vmid).reason


async def test_e09_with_an_age_that_the_user_allows_archives_decide_and_it_is_said_so(home: Home) -> None:
    home.options = {"longest_age_days": 2}
    await home.until(TUESDAY_MORNING)
    home.pve.limit_token({"/": "VM.Audit Pool.Audit Datastore.Audit", "/nodes": "Sys.Audit"})
    home.pve.job("nightly").disable()
    await home.after(hours=1)

    assert (home.guest(101).brief, home.guest(101).reason_code) == (("off", "ok"), "young_enough_jobs_hidden_days")
    assert "may not see the jobs" in home.guest(101).reason
    await home.after(days=2)
    assert (home.guest(101).brief, home.guest(101).reason_code) == (("on", "overdue"), "older_than_allowed_days")


async def test_e10_what_is_refused_with_every_poll_is_logged_once(home: Home, caplog: pytest.LogCaptureFixture) -> None:
    home.pve.faults.errors["/included_volumes"] = (403, "Permission check failed (/, Sys.Audit)")
    await home.live(hours=6, step=timedelta(minutes=30))

    lines = [record for record in caplog.records if "Permission check failed" in record.getMessage()]
    assert len(lines) == 1


@pytest.mark.parametrize("odd", [{"a": 1}, ["no-backup"], True])
async def test_e18_a_guest_that_cannot_be_understood_keeps_its_verdict_and_stops_nobody_else(
    home: Home, odd: Any, caplog: pytest.LogCaptureFixture
) -> None:
    await home.until(TUESDAY_MORNING)
    home.pve.guest(102).tags = odd
    home.pve.guest(103).fails(failed("disk full"))
    await home.live(hours=24, step=timedelta(hours=1))

    assert set(home.problems()) == {"cluster", "guest_103", "job_backup-nightly"}
    assert home.guest(102).brief == ("off", "ok")
    assert home.assessment.history.guests[102].absent_since is None
    lines = [record for record in caplog.records if "field 'tags'" in record.getMessage()]
    assert len(lines) == 1


async def test_e11_a_revoked_token_asks_for_a_new_one_and_freezes_the_verdicts(home: Home) -> None:
    await home.until(TUESDAY_MORNING)
    told = listen(home.hass)
    home.pve.access.tokens.clear()
    await home.live(hours=2, step=timedelta(minutes=30))

    assert briefs(home) == ALL_OK
    assert told.kinds == []
    assert home.assessment.read_at == datetime.fromisoformat(f"{TUESDAY_MORNING}+00:00")
    assert [flow["context"]["source"] for flow in home.hass.config_entries.flow.async_progress()] == [SOURCE_REAUTH]


async def test_e12_a_token_that_sees_few_guests_judges_those(home: Home) -> None:
    for number in range(105, 121):
        home.pve.add_ct(number, f"app{number}", "pve3", size=1)
    seen = (101, 103, 105, 110, 120)
    home.pve.job("nightly").change(vmid=None, all=1)
    home.pve.limit_token({"/": "Sys.Audit Datastore.Audit Pool.Audit", **{f"/vms/{vmid}": "VM.Audit" for vmid in seen}})
    await home.until(TUESDAY_MORNING)

    assert {vmid: home.guest(vmid).brief for vmid in seen} == dict.fromkeys(seen, ("off", "ok"))
    assert home.assessment.guests.keys() == set(seen)
    assert "5 of 5 guests" in home.cluster().reason
    assert home.problems() == []


async def test_e13_a_changed_certificate_is_a_repair_and_no_failed_backup(home: Home) -> None:
    await home.until(TUESDAY_MORNING)
    home.pve.replace_certificate("pve1")
    await home.after(minutes=10)

    assert home.entry is not None
    assert ir.async_get(home.hass).async_get_issue(DOMAIN, f"certificate_changed_{home.entry.entry_id}")
    assert home.problems() == []


async def test_e13_the_changed_certificate_of_a_node_that_is_not_asked_is_nobodys_problem(home: Home) -> None:
    await home.until(TUESDAY_MORNING)
    home.pve.replace_certificate("pve2")
    await home.until("2026-01-14T05:00:00")

    assert not ir.async_get(home.hass).issues
    assert briefs(home) == ALL_OK
    assert home.assessment.read_at == home.now


async def test_e14_without_its_log_agent_a_node_is_judged_with_less_confidence(
    home: Home, start_agent: StartAgent
) -> None:
    agent = await start_agent("pve1")
    home.options = agent.options
    home.pve.clock.advance(hours=18)
    home.pve.files_of("pve1")
    await home.look()
    assert home.guest(101).attributes["confidence"] == "exact"
    assert home.guest(102).attributes["confidence"] == "matched"
    await agent.stop()
    await home.until("2026-01-14T05:00:00")

    assert home.guest(101).attributes["confidence"] == "matched"
    assert briefs(home) == ALL_OK


async def test_e17_a_node_that_the_api_cannot_reach_degrades_itself_alone(home: Home) -> None:
    await home.until(TUESDAY_MORNING)
    home.pve.faults.errors["/nodes/pve2/"] = (595, "No route to host")
    await home.until("2026-01-14T06:00:00")

    assert home.guest(101).brief == ("off", "ok")
    for vmid in (102, 104):
        assert home.guest(vmid).problem == "off"
        assert home.guest(vmid).attributes["confidence"] == "artifact"


async def test_e18_a_storage_that_cannot_be_listed_keeps_its_archives(home: Home) -> None:
    await home.until(TUESDAY_MORNING)
    home.pve.faults.errors["/storage/nas/prunebackups"] = (500, "mount error")
    seen = await home.live(days=2, step=timedelta(hours=3))

    assert set(seen) == {""}
    assert briefs(home) == ALL_OK


async def test_e19_logs_of_any_length_are_read_to_their_end(home: Home) -> None:
    for number in range(110, 140):
        home.pve.add_ct(number, f"small{number}", "pve1", size=0.1)
    home.pve.job("nightly").change(vmid=",".join(map(str, (*GUESTS, *range(110, 140)))))
    home.pve.guest(139).fails(failed("no"))
    await home.until(TUESDAY_MORNING)

    assert home.guest(139).brief == ("on", "failed")
    assert home.guest(138).brief == ("off", "ok")


@pytest.mark.parametrize(("selection", "runs"), [({}, 2), ({"vmid": None, "all": 1}, 3)], ids=["listed", "all"])
async def test_e20_a_finished_log_is_read_once_ever(home: Home, selection: dict[str, Any], runs: int) -> None:
    home.pve.job("nightly").change(**selection)
    await home.until(TUESDAY_MORNING)
    await home.live(hours=5, step=timedelta(minutes=30))
    await home.restart()
    await home.after(hours=1)

    logs = [request.path for request in home.pve.requests if request.path.endswith("/log")]
    assert len(logs) == len(set(logs)) == runs


async def test_e21_a_node_that_is_busy_with_other_tasks_keeps_its_weekly_verdict(home: Home) -> None:
    home.pve.job("nightly").reschedule("sun 01:00")
    home.pve.clock.advance(days=9)
    for name in ("pve1", "pve2"):
        node = home.pve.node(name)
        while any(task.type == "vzdump" for task in node.tasks.archived()):
            node.other_task("vzsnapshot", "101", status="snapshot feature is not available; " * 20)
    await home.look()
    assert briefs(home) == ALL_OK
    assert {home.guest(vmid).attributes["confidence"] for vmid in GUESTS} == {"artifact"}
    await home.until("2026-01-23T06:00:00")

    assert briefs(home) == ALL_OK
    asked = [request for request in home.pve.requests if request.path.endswith("/tasks")]
    of_runs = Counter(request.path for request in asked if request.query.get("typefilter") == "vzdump")
    of_restores = Counter(request.path for request in asked if "typefilter" not in request.query)
    assert len(of_runs) == len(home.pve.nodes)
    assert of_runs + of_restores == Counter(request.path for request in asked)
    assert all(of_restores[path] <= count for path, count in of_runs.items())


async def test_e23_a_restart_during_a_run_restores_what_was_shown(home: Home) -> None:
    home.pve.guest(104).fails(failed("no"))
    await home.until(TUESDAY_MORNING)
    since = home.guest(104).attributes["since"]
    [run, *_] = home.pve.job("nightly").start({101: running(30)})
    await home.after(minutes=1)
    await home.restart()

    assert home.guest(101).brief == ("off", "running")
    assert home.guest(104).problem == "on"
    assert home.guest(104).attributes["since"] == since
    run.go_on()
    await home.after(hours=1)
    assert home.guest(101).brief == ("off", "ok")


async def test_e24_an_older_copy_of_the_history_leads_to_the_same_verdicts(
    home: Home, hass_storage: dict[str, Any]
) -> None:
    await home.until(TUESDAY_MORNING)
    await home.restart()
    assert home.entry is not None
    key = f"{DOMAIN}.{home.entry.entry_id}"
    copy = json.dumps(hass_storage[key])
    home.pve.guest(104).fails(failed("no"))
    await home.live(days=3, step=timedelta(hours=4))
    before = {vmid: home.guest(vmid).attributes for vmid in GUESTS}
    await home.hass.config_entries.async_unload(home.entry.entry_id)
    hass_storage[key] = json.loads(copy)
    await home.hass.config_entries.async_setup(home.entry.entry_id)
    await home.hass.async_block_till_done()

    assert {vmid: home.guest(vmid).attributes for vmid in GUESTS} == before


async def test_e27_old_failures_at_the_first_look_are_a_state(home: Home) -> None:
    home.pve.guest(104).fails(failed("no"))
    home.pve.clock.advance(days=3)
    await home.look()

    assert home.guest(104).brief == ("on", "failed")
    assert home.guest(104).attributes["failures"] == 3


async def test_e29_the_order_of_answers_changes_nothing(home: Home) -> None:
    await home.until(TUESDAY_MORNING)
    before = {state.entity_id: state for state in home.hass.states.async_all()}
    home.pve.guests = dict(reversed(home.pve.guests.items()))
    home.pve.jobs = dict(reversed(home.pve.jobs.items()))
    home.pve.nodes = dict(reversed(home.pve.nodes.items()))
    await home.after(minutes=10)

    assert {state.entity_id: state for state in home.hass.states.async_all()} == before


async def test_e30_diagnostics_explain_every_verdict_and_tell_no_secret(home: Home) -> None:
    await home.until(TUESDAY_MORNING)
    assert home.entry is not None
    told = await async_get_config_entry_diagnostics(home.hass, home.entry)

    assert home.pve.token_secret not in json.dumps(told)
    trace = told["guests"]["101"]["verdict"]["trace"]
    assert {"rule", "due_slot", "deadline", "zone", "run"} <= trace.keys()
    assert datetime.fromisoformat(trace["due_slot"]).hour == 1


async def test_e30_diagnostics_hide_names_on_request(home: Home) -> None:
    home.options["hide_names"] = True
    await home.until(TUESDAY_MORNING)
    assert home.entry is not None
    text = json.dumps(await async_get_config_entry_diagnostics(home.hass, home.entry))

    assert [name for name in ("database", "pve1", "pve2", "nightly", "192.168.") if name in text] == []
    assert '"rule": "newest_run"' in text


@pytest.mark.parametrize(("with_agents", "an_hour"), [(False, 29), (True, 34)], ids=["alone", "agents"])
async def test_a_quiet_hour_costs_few_requests(
    home: Home, start_agent: StartAgent, with_agents: bool, an_hour: int
) -> None:
    agents = [await start_agent(node) for node in home.pve.nodes] if with_agents else []
    home.options = {"log_agents": {agent.node: agent.options["log_agents"][agent.node] for agent in agents}}
    await home.until(TUESDAY_MORNING)
    await home.after(hours=1)
    home.pve.traffic.requests.clear()
    end = home.now + timedelta(hours=2)
    while home.now < end:
        assert home.entry is not None
        interval = home.entry.runtime_data.update_interval
        assert interval >= timedelta(minutes=5)
        await home.until(home.now + interval)

    assert len(home.pve.requests) <= 2 * an_hour


async def test_a_run_in_progress_is_looked_at_every_minute_and_a_slot_right_after_it(home: Home) -> None:
    await home.until("2026-01-13T00:55:00")
    assert home.entry is not None
    interval = home.entry.runtime_data.update_interval
    assert timedelta(minutes=5) < interval < timedelta(minutes=7)
    home.pve.job("nightly").next_run_ends({101: running(20)})
    await home.until(home.now + interval)

    assert home.guest(101).status == "running"
    assert home.entry.runtime_data.update_interval == timedelta(minutes=1)


async def test_disks_are_left_asleep_while_no_run_happens(home: Home) -> None:
    home.pve.job("nightly").reschedule("sun 01:00")
    await home.until("2026-01-19T12:00:00")
    home.pve.traffic.requests.clear()
    await home.live(hours=47, step=timedelta(hours=2))

    listings = [request for request in home.pve.requests if "prunebackups" in request.path and "nas" in request.path]
    assert len(listings) <= 2


async def test_c32_disks_of_a_guest_named_twice_are_told_once(home: Home) -> None:
    home.pve.guest(101).disks = [
        Disk(key=key, volume=f"local-lvm:vm-101-{key}", size=4 * GIB) for key in ("scsi0", "scsi1")
    ]
    home.pve.guest(101).exclude_disk("scsi1")
    home.pve.add_job("copy", "04:00", "local", vmid="101")
    await home.until("2026-01-13T08:00:00")

    assert home.guest(101).attributes["findings"].count("scsi1") == 1


async def test_e15_each_node_has_the_confidence_of_its_own_agent(home: Home, start_agent: StartAgent) -> None:
    agents = [await start_agent(node) for node in ("pve1", "pve3")]
    home.options = {"log_agents": {agent.node: agent.options["log_agents"][agent.node] for agent in agents}}
    home.pve.clock.advance(hours=18)
    for node in home.pve.nodes:
        home.pve.files_of(node)
    await home.look()

    assert home.guest(101).attributes["confidence"] == "exact"
    assert home.guest(102).attributes["confidence"] == "matched"


@pytest.mark.parametrize("name", ["..%2f..%2fetc%2fshadow", "../../etc/shadow", "UPID:pve1:0:0:0:vzdump::root@pam:"])
async def test_e16_an_agent_serves_nothing_but_backup_logs(home: Home, log_agent: RunningAgent, name: str) -> None:
    session = async_get_clientsession(home.hass)
    async with session.get(
        URL(f"{log_agent.url}/v1/logs/{name}", encoded=True),
        headers={"Authorization": f"Bearer {log_agent.token}"},
        ssl=False,
    ) as response:
        assert response.status == 404
        assert b"root:" not in await response.read()


async def test_e22_a_log_in_words_that_nobody_knows_leaves_status_and_archive_to_decide(home: Home) -> None:
    home.pve.clock.advance(hours=18)
    for node in ("pve1", "pve2"):
        for task in home.pve.node(node).tasks.archived():
            path = home.pve.node(node).root / task.log_path
            path.write_text(path.read_text().replace("Finished Backup of VM", "Completed archive for guest"))
    await home.look()

    assert home.problems() == []
    assert briefs(home) == ALL_OK
    assert home.guest(101).attributes["confidence"] in {"task", "artifact"}
    assert home.entry is not None
    told = await async_get_config_entry_diagnostics(home.hass, home.entry)
    assert len(told["logs_not_understood"]) == 2


async def test_e25_a_gap_in_which_home_assistant_itself_was_backed_up_is_nothing(home: Home) -> None:
    await home.until("2026-01-13T00:55:00")
    assert home.entry is not None
    await home.hass.config_entries.async_unload(home.entry.entry_id)
    home.pve.clock.advance(minutes=20)
    home.freezer.move_to(home.now)
    await home.hass.config_entries.async_setup(home.entry.entry_id)
    await home.hass.async_block_till_done()

    assert home.problems() == []
    assert briefs(home) == ALL_OK


@pytest.mark.parametrize("node", ["pve1", "pve3"])
async def test_e26_the_same_cluster_is_not_added_again_through_whatever_node(home: Home, node: str) -> None:
    await home.look()
    flow = await home.hass.config_entries.flow.async_init(DOMAIN, context={"source": SOURCE_USER})
    host, port = home.pve.address(node)
    data = {"host": host, "port": port, "token_id": home.pve.token_id, "token_secret": home.pve.token_secret}
    flow = await home.hass.config_entries.flow.async_configure(flow["flow_id"], {"next_step_id": "cluster"})
    result = await home.hass.config_entries.flow.async_configure(flow["flow_id"], data)
    result = await home.hass.config_entries.flow.async_configure(result["flow_id"], {})

    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "already_configured")


def fill(home: Home, vmid: int, nights: int) -> None:
    """Leave the archives of earlier nights of a container on the storage."""
    for night in range(1, nights + 1):
        moment = home.now - timedelta(days=night)
        name = f"vzdump-lxc-{vmid}-{moment:%Y_%m_%d-%H_%M_%S}.tar.zst"
        home.pve.storage("nas").archives.append(
            Archive(name=name, vmid=vmid, type="lxc", ctime=int(moment.timestamp()), size=GIB, stored=0)
        )


async def test_e28_a_hundred_guests_and_twenty_jobs_cost_ten_requests_and_small_attributes(home: Home) -> None:
    for number in range(200, 300):
        home.pve.add_ct(number, f"guest{number}", f"pve{number % 3 + 1}", size=0.1)
    for number in range(20):
        vmids = ",".join(str(vmid) for vmid in range(200 + 5 * number, 205 + 5 * number))
        home.pve.add_job(f"job{number}", "01:00", "nas", vmid=vmids)
    home.pve.storage("nas").prune = None
    for vmid in range(200, 300):
        fill(home, vmid, 30)
    await home.until(TUESDAY_MORNING)
    await home.after(minutes=40)
    home.pve.traffic.requests.clear()
    await home.after(minutes=10)

    assert len(home.pve.requests) <= 10
    assert len(home.pve.storage("nas").archives) > 3000
    assert home.assessment.guests[250].figures.restore_points == 31
    assert home.guest(250).brief == ("off", "ok")
    for state in home.hass.states.async_all():
        assert len(json.dumps(dict(state.attributes), default=str)) <= 2048


async def test_e31_a_cluster_file_system_that_is_down_is_an_api_out_of_reach(home: Home) -> None:
    await home.until(TUESDAY_MORNING)
    home.pve.faults.errors["/api2/json/"] = (
        500,
        "RPCEnvironment init request failed: Unable to load access control list: Connection refused",
    )
    for _ in range(3):
        await home.after(minutes=5)
        assert briefs(home) == ALL_OK
    await home.after(minutes=5)

    assert home.guest(101).problem == "unavailable"
    assert home.problems() == []
    assert not ir.async_get(home.hass).issues
    assert not home.hass.config_entries.flow.async_progress()
    home.pve.faults.errors.clear()
    await home.after(minutes=5)
    assert briefs(home) == ALL_OK


async def test_e31_an_api_daemon_that_is_down_only_degrades(home: Home) -> None:
    await home.until(TUESDAY_MORNING)
    refused = (595, "Connection refused")
    paths = (
        "/cluster/status",
        "/included_volumes",
        "/log",
        "/storage/",
        "/pve1/storage",
        "/pve2/storage",
        "/pve3/storage",
    )
    home.pve.faults.errors |= dict.fromkeys(paths, refused)
    seen = await home.live(hours=4, step=timedelta(minutes=30))

    assert set(seen) == {""}
    assert briefs(home) == ALL_OK
    assert not ir.async_get(home.hass).issues


def alone(home: Home) -> str:
    """Return what pve1 says of itself while corosync is down there."""
    row = {"type": "node", "id": "node/pve1", "name": "pve1", "nodeid": 0, "local": 1, "online": 1, "level": ""}
    return json.dumps({"data": [row | {"ip": home.pve.node("pve1").ip}]})


@pytest.mark.parametrize("restarted", [False, True])
async def test_e32_a_node_that_lost_sight_of_its_cluster_is_no_standalone_host(home: Home, restarted: bool) -> None:
    await home.until(TUESDAY_MORNING)
    home.pve.faults.broken["/cluster/status"] = alone(home)
    await home.after(minutes=10)
    if restarted:
        await home.restart()
    await home.live(hours=4, step=timedelta(minutes=30))
    assert home.problems() == []
    assert briefs(home) == ALL_OK
    assert home.assessment.nodes.keys() == {"pve1", "pve2", "pve3"}
    home.pve.node("pve2").go_offline()
    await home.until("2026-01-14T06:00:00")

    assert (home.guest(102).brief, home.guest(102).reason_code) == (("on", "overdue"), "node_offline")
    assert home.guest(101).brief == ("off", "ok")
