"""The history in Home Assistant's storage: in real files, written late, and never in the way of a start."""

from datetime import timedelta
import json
from pathlib import Path
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir
from homeassistant.helpers.translation import async_get_translations
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_fire_time_changed

from custom_components.proxmox_backup_checker.checker.model.records import Acknowledgement, History
from custom_components.proxmox_backup_checker.checker.model.subject import Subject
from custom_components.proxmox_backup_checker.const import DOMAIN
from custom_components.proxmox_backup_checker.history_store import HistoryStore
from simulator import SimulatedCluster
from tests.checker.histories import NOW, history_of, nights, run_of

from .conftest import add_entry, poll, set_up
from .states import problem

WEB = Subject.guest(100)
_HISTORY = history_of(
    *nights(3, 100, 101),
    acknowledgements={WEB: Acknowledgement(subject=WEB, code="failed", made=NOW, note="Platte bestellt")},
)


@pytest.fixture
def hass_storage() -> dict[str, Any]:
    """Let Home Assistant write real files, which its test package keeps it from."""
    return {}


@pytest.fixture
def entry(hass: HomeAssistant) -> MockConfigEntry:
    """An entry that is not set up."""
    entry = MockConfigEntry(domain=DOMAIN, title="home", data={"host": "pve.example"})
    entry.add_to_hass(hass)
    return entry


@pytest.fixture
def store(hass: HomeAssistant, entry: MockConfigEntry) -> HistoryStore:
    """The store of that entry."""
    return HistoryStore(hass, entry.entry_id)


def file_of(hass: HomeAssistant, entry: MockConfigEntry) -> Path:
    """Return where the history of an entry is kept."""
    return Path(hass.config.path(".storage", f"{DOMAIN}.{entry.entry_id}"))


def put(hass: HomeAssistant, entry: MockConfigEntry, content: str) -> Path:
    """Write the file of an entry's history."""
    path = file_of(hass, entry)
    path.parent.mkdir(exist_ok=True)
    path.write_text(content, encoding="utf-8")
    return path


def envelope(data: object, version: object = 1, minor_version: int = 1) -> str:
    """Return a file as Home Assistant writes it."""
    return json.dumps({"version": version, "minor_version": minor_version, "key": "x", "data": data})


async def later(hass: HomeAssistant, delay: timedelta) -> None:
    """Let time go by."""
    async_fire_time_changed(hass, dt_util.utcnow() + delay)
    await hass.async_block_till_done(wait_background_tasks=True)


async def reread(hass: HomeAssistant, entry: MockConfigEntry) -> History:
    """Return what another start of Home Assistant finds."""
    return await HistoryStore(hass, entry.entry_id).async_load()


def issue(hass: HomeAssistant, entry: MockConfigEntry, key: str = "history_lost") -> ir.IssueEntry | None:
    """Return the issue about an entry's history."""
    return ir.async_get(hass).async_get_issue(DOMAIN, f"{key}_{entry.entry_id}")


async def test_without_a_file_the_history_is_empty_and_nothing_is_reported(
    hass: HomeAssistant, entry: MockConfigEntry, store: HistoryStore
) -> None:
    assert await store.async_load() == History()
    assert issue(hass, entry) is None


async def test_a_history_is_found_again_after_a_restart(
    hass: HomeAssistant, entry: MockConfigEntry, store: HistoryStore
) -> None:
    store.save_later(_HISTORY)
    await store.async_save()
    assert await reread(hass, entry) == _HISTORY
    assert issue(hass, entry) is None


async def test_only_its_owner_can_read_the_file(
    hass: HomeAssistant, entry: MockConfigEntry, store: HistoryStore
) -> None:
    store.save_later(_HISTORY)
    await store.async_save()
    assert file_of(hass, entry).stat().st_mode & 0o777 == 0o600


async def test_the_file_of_a_year_is_small(hass: HomeAssistant, entry: MockConfigEntry, store: HistoryStore) -> None:
    """Home Assistant would give each number a line of its own."""
    store.save_later(history_of(*nights(365, *range(100, 112))))
    await store.async_save()
    assert file_of(hass, entry).stat().st_size < 800_000


async def test_what_is_new_is_written_after_a_minute(
    hass: HomeAssistant, entry: MockConfigEntry, store: HistoryStore
) -> None:
    store.save_later(history_of(run_of(100)))
    await later(hass, timedelta(seconds=55))
    assert not file_of(hass, entry).exists()
    store.save_later(_HISTORY)
    await later(hass, timedelta(seconds=65))
    assert await reread(hass, entry) == _HISTORY


async def test_what_somebody_was_told_of_is_written_within_seconds(
    hass: HomeAssistant, entry: MockConfigEntry, store: HistoryStore
) -> None:
    store.save_later(history_of(run_of(100)))
    store.save_later(_HISTORY, soon=True)
    await later(hass, timedelta(seconds=3))
    assert await reread(hass, entry) == _HISTORY


async def test_what_comes_after_a_write_is_written_too(
    hass: HomeAssistant, entry: MockConfigEntry, store: HistoryStore
) -> None:
    store.save_later(history_of(run_of(100)))
    await later(hass, timedelta(seconds=65))
    store.save_later(_HISTORY)
    await later(hass, timedelta(seconds=65))
    assert await reread(hass, entry) == _HISTORY


async def test_a_look_that_found_nothing_new_is_written_within_the_hour(
    hass: HomeAssistant, entry: MockConfigEntry, store: HistoryStore
) -> None:
    store.save_later(_HISTORY)
    await store.async_save()
    looked = history_of(
        *_HISTORY.runs.values(), acknowledgements=_HISTORY.acknowledgements, evaluated=NOW + timedelta(minutes=5)
    )
    store.save_later(looked)
    await later(hass, timedelta(minutes=50))
    assert await reread(hass, entry) == _HISTORY
    await later(hass, timedelta(minutes=61))
    assert await reread(hass, entry) == looked


async def test_what_is_new_does_not_wait_for_the_hour_of_a_look_before(
    hass: HomeAssistant, entry: MockConfigEntry, store: HistoryStore
) -> None:
    store.save_later(history_of())
    await store.async_save()
    store.save_later(history_of(evaluated=NOW + timedelta(minutes=5)))
    store.save_later(_HISTORY)
    store.save_later(_HISTORY)
    await later(hass, timedelta(seconds=65))
    assert await reread(hass, entry) == _HISTORY


@pytest.mark.parametrize("evaluated", [NOW, NOW + timedelta(minutes=5)])
async def test_home_assistant_writes_what_is_not_written_yet_when_it_stops(
    hass: HomeAssistant, entry: MockConfigEntry, store: HistoryStore, evaluated: Any
) -> None:
    store.save_later(history_of())
    await store.async_save()
    last = history_of(*(nights(2, 100) if evaluated == NOW else ()), evaluated=evaluated)
    store.save_later(last)
    await hass.async_stop(force=True)
    assert await reread(hass, entry) == last


async def test_a_file_that_is_not_changed_is_not_written_at_the_end(
    hass: HomeAssistant, entry: MockConfigEntry, store: HistoryStore
) -> None:
    path = put(hass, entry, envelope({"began": 1}))
    await store.async_load()
    before = path.stat()
    await store.async_save()
    assert (path.stat().st_ino, path.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


@pytest.mark.parametrize(
    "content",
    [
        "",
        "{",
        "\0" * 512,
        "null",
        "[]",
        '"text"',
        "5",
        "{}",
        '{"version": 1}',
        '{"version": 1, "minor_version": 1, "data": null}',
        '{"data": {}}',
        envelope([]),
        envelope("runs"),
        envelope({"entities": []}),
        envelope({}, version="one"),
        envelope({}, version=2),
    ],
)
async def test_an_unusable_file_is_set_aside_and_reported(
    hass: HomeAssistant, entry: MockConfigEntry, store: HistoryStore, content: str
) -> None:
    path = put(hass, entry, content)
    assert await store.async_load() == History()
    found = issue(hass, entry)
    assert found is not None
    assert found.translation_placeholders is not None
    assert not found.is_fixable
    kept = Path(found.translation_placeholders["path"])
    assert kept != path
    assert kept.read_text(encoding="utf-8") == content
    assert not path.exists()
    store.save_later(_HISTORY)
    await store.async_save()
    assert await reread(hass, entry) == _HISTORY


async def test_an_earlier_copy_is_not_overwritten_by_a_later_one(
    hass: HomeAssistant, entry: MockConfigEntry, freezer: FrozenDateTimeFactory
) -> None:
    paths = set()
    for content in (envelope([]), "{", envelope("lost")):
        path = put(hass, entry, content)
        await reread(hass, entry)
        found = issue(hass, entry)
        assert found is not None
        assert found.translation_placeholders is not None
        paths.add(found.translation_placeholders["path"])
        freezer.tick(timedelta(seconds=1))
    assert paths == {str(kept) for kept in path.parent.glob("*.corrupt.*")}
    assert len(paths) == 3


async def test_a_folder_in_the_place_of_the_file_does_not_keep_it_from_starting(
    hass: HomeAssistant, entry: MockConfigEntry, store: HistoryStore
) -> None:
    file_of(hass, entry).mkdir(parents=True)
    assert await store.async_load() == History()
    assert issue(hass, entry) is not None


async def test_a_damaged_record_is_reported_and_the_others_are_kept(
    hass: HomeAssistant, entry: MockConfigEntry, store: HistoryStore
) -> None:
    path = put(hass, entry, envelope({"began": 1_700_000_000, "nodes": {"pve1": {}, "pve2": 7}}))
    history = await store.async_load()
    assert set(history.nodes) == {"pve1"}
    assert issue(hass, entry) is None
    found = issue(hass, entry, "history_damaged")
    assert found is not None
    assert found.translation_placeholders is not None
    assert found.translation_placeholders["records"] == "1"
    kept = Path(found.translation_placeholders["path"])
    assert kept != path
    assert kept.read_bytes() == path.read_bytes()


@pytest.mark.parametrize("minor_version", [None, 0, 7])
async def test_the_file_of_another_version_is_taken_over_and_written_anew(
    hass: HomeAssistant, entry: MockConfigEntry, store: HistoryStore, minor_version: int | None
) -> None:
    """An older one lacks fields, a newer one has more."""
    data = {"began": 1_700_000_000, "nodes": {"pve1": {"mood": "good"}}, "moods": {}}
    content = json.loads(envelope(data))
    content["minor_version"] = minor_version
    if minor_version is None:
        content = {"version": 1, "minor_version": 0, "data": data}
    path = put(hass, entry, json.dumps(content))
    history = await store.async_load()
    assert history.began == dt_util.utc_from_timestamp(1_700_000_000)
    assert history.nodes["pve1"].offline_since is None
    assert issue(hass, entry) is None
    assert json.loads(path.read_text(encoding="utf-8"))["minor_version"] == 1
    assert await reread(hass, entry) == history


@pytest.mark.parametrize("language", ["en", "de"])
async def test_the_reports_are_worded_with_all_that_they_name(hass: HomeAssistant, language: str) -> None:
    texts = await async_get_translations(hass, language, "issues", {DOMAIN})
    lost = f"component.{DOMAIN}.issues.history_lost"
    assert "{cluster}" in texts[f"{lost}.title"]
    assert {"{error}", "{path}"} <= {word.strip("`().,") for word in texts[f"{lost}.description"].split()}


async def test_a_lost_history_costs_no_configuration_and_no_verdict(hass: HomeAssistant, pve: SimulatedCluster) -> None:
    pve.job("nightly").run()
    entry = await add_entry(hass, pve)
    put(hass, entry, "\0" * 100)
    await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    assert entry.state is ConfigEntryState.LOADED
    assert issue(hass, entry) is not None
    assert problem(hass, 101) == ("off", "backed_up")


@pytest.mark.parametrize(
    ("section", "damage"),
    [
        ("jobs", {"backup-nightly": {"fingerprint": {"vmid": "101,all of them"}}}),
        ("nodes", {"pve1": {"last_outage": [253_402_300_700, 253_402_300_799]}}),
        ("runs", None),
    ],
)
async def test_a_history_that_can_be_read_but_not_judged_is_set_aside_and_all_else_of_it_is_kept(
    hass: HomeAssistant, pve: SimulatedCluster, section: str, damage: dict[str, Any] | None
) -> None:
    job = pve.job("nightly")
    job.options = {"storage": "nas", "mode": "snapshot", "vmid": "101,102"}
    job.run()
    entry = await set_up(hass, pve)
    await hass.config_entries.async_unload(entry.entry_id)
    path = file_of(hass, entry)
    content = json.loads(path.read_text(encoding="utf-8"))
    if damage is None:
        run = next(run for run in content["data"]["runs"].values() if run["outcomes"])
        [[shape, *row]] = run["outcomes"]
        row[content["data"]["shapes"][shape].index("seconds")] = 2**62
        run["outcomes"] = [[shape, *row]]
    else:
        for key, changes in damage.items():
            content["data"][section][key] |= changes
    path.write_text(json.dumps(content), encoding="utf-8")
    job.options["vmid"] = "101,102,104"
    began = content["data"]["began"]

    await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()

    assert entry.state is ConfigEntryState.LOADED
    assert problem(hass, 101) == ("off", "backed_up")
    assert entry.runtime_data.assessment.history.began.timestamp() == began
    found = issue(hass, entry, "history_damaged")
    assert found is not None
    assert found.translation_placeholders is not None
    assert found.translation_placeholders["records"] == "1"
    assert json.loads(Path(found.translation_placeholders["path"]).read_text(encoding="utf-8")) == content
    await poll(hass, entry)
    assert entry.runtime_data.last_update_success


async def test_a_reload_finds_what_was_known_before(hass: HomeAssistant, pve: SimulatedCluster) -> None:
    pve.job("nightly").run()
    entry = await set_up(hass, pve)
    await poll(hass, entry)
    before = entry.runtime_data.assessment.history
    assert before.runs
    assert await hass.config_entries.async_unload(entry.entry_id)
    assert await reread(hass, entry) == before


async def test_the_file_and_its_reports_go_with_the_entry(hass: HomeAssistant, pve: SimulatedCluster) -> None:
    entry = await add_entry(hass, pve)
    put(hass, entry, envelope([]))
    await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    assert issue(hass, entry) is not None
    await hass.config_entries.async_unload(entry.entry_id)
    assert file_of(hass, entry).exists()
    await hass.config_entries.async_remove(entry.entry_id)
    await later(hass, timedelta(hours=2))
    assert not file_of(hass, entry).exists()
    assert issue(hass, entry) is None


async def test_two_clusters_keep_apart_what_they_remember(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    other = MockConfigEntry(domain=DOMAIN, title="office")
    other.add_to_hass(hass)
    for kept, made in ((entry, _HISTORY), (other, history_of(run_of(500)))):
        store = HistoryStore(hass, kept.entry_id)
        store.save_later(made)
        await store.async_save()
    await HistoryStore(hass, other.entry_id).async_remove()
    assert await reread(hass, entry) == _HISTORY
    assert await reread(hass, other) == History()
