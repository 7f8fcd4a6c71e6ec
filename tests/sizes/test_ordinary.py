"""Three months of ordinary backups without a warning, and each planted anomaly found as soon as it can be known."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from custom_components.proxmox_backup_checker.checker.context import Context
from custom_components.proxmox_backup_checker.checker.indexes import Indexes
from custom_components.proxmox_backup_checker.checker.model.facts import Facts, StorageFacts
from custom_components.proxmox_backup_checker.checker.model.outcome import Outcome, Result
from custom_components.proxmox_backup_checker.checker.model.records import GuestRecord, History, RestoreRecord
from custom_components.proxmox_backup_checker.checker.model.verdict import Confidence
from custom_components.proxmox_backup_checker.checker.runs.run_index import InShort, RunIndex
from custom_components.proxmox_backup_checker.checker.verdicts.far_sizes import can_be_far, far_findings
from custom_components.proxmox_backup_checker.checker.verdicts.sizes import can_be_odd, size_findings
from tests.checker import builders

from .ordinary import GUESTS, Guest, Night, months

SEEDS = range(1, 21)
STORAGES = (
    *(StorageFacts(storage=name, node=None, plugin_type="pbs") for name in ("pbs", "pbs2")),
    *(StorageFacts(storage=name, node=None, plugin_type="nfs") for name in ("nas", "nas2")),
)
BY_NAME = {guest.name: guest for guest in GUESTS}


def outcome_of(night: Night) -> Outcome:
    """Return what is remembered of a night's backup."""
    stem = f"{night.moment:%Y_%m_%d-%H_%M_%S}"
    name = f"vm/101/{stem}" if night.on_server else f"/mnt/pve/{night.storage}/dump/vzdump-qemu-101-{stem}.vma"
    return Outcome(
        vmid=101,
        upid=stem,
        node="pve1",
        result=Result.OK,
        started=night.moment,
        finished=night.moment + timedelta(seconds=night.seconds),
        error=None,
        job_id="nightly",
        confidence=Confidence.EXACT,
        storage=night.storage,
        archive=name + (f".{night.compress}" if night.compress else ""),
        size=night.size,
        transferred=night.read,
        seconds=night.seconds,
        changed=night.changed,
        disks=night.disks,
        stopped=not night.running,
    )


def told(nights: Sequence[Night], begin: int = 0) -> Iterable[tuple[int, str]]:
    """Return what is told the morning after each night from `begin` on."""
    guest = builders.guest(101)
    record = GuestRecord(vmid=101, guest_type="qemu", name="web", node="pve1", first_seen=None)
    restores: dict[str, RestoreRecord] = {}
    outcomes: list[Outcome] = []
    for number, night in enumerate(nights):
        outcomes.insert(0, outcome_of(night))
        before = night.moment - timedelta(hours=2)
        if night.resized:
            record = replace(record, resized=before)
        if night.restored:
            restores[str(number)] = RestoreRecord(
                upid=str(number), node="pve1", started=before, ended=before, ok=True, target=101, vmid=101
            )
        if number < begin:
            continue
        short = InShort.of(outcomes)
        facts: Facts = builders.facts(now=night.moment + timedelta(hours=5), storages=STORAGES)
        history = History(guests={101: record}, restores=restores)
        context = Context(facts=facts, history=history, indexes=Indexes(runs=RunIndex(in_short={101: short})))
        found = list(far_findings(outcomes, guest, context))
        assert not found or can_be_far(outcomes[0], short)
        if can_be_odd(outcomes[0], short):
            found += size_findings(outcomes, facts)
        yield from ((number, reason.code.value) for _, reason in found)


@pytest.mark.parametrize("seed", SEEDS)
def test_h58_three_months_of_ordinary_sizes_bring_no_warning(seed: int) -> None:
    for guest in GUESTS:
        for on_server in (True, False):
            found = [(number, code) for number, code in told(months(guest, seed, on_server=on_server))]
            warned = [entry for entry in found if entry[1] not in {"duration_suspicious", "duration_much_shorter"}]
            assert warned == [], (guest.name, on_server)


def calm(guest: Guest, *, on_server: bool) -> list[list[Night]]:
    """Return the months in which nothing was done with a guest."""
    every = [months(guest, seed, on_server=on_server) for seed in SEEDS]
    return [
        nights
        for nights in every
        if not any(night.resized or night.restored for night in nights)
        and len({(night.storage, night.compress) for night in nights}) == 1
    ]


def first_told(nights: Sequence[Night], day: int, code: str) -> int | None:
    """Return with which run from a day on something was told."""
    return next((number - day + 1 for number, found in told(nights, day) if found == code), None)


type Plant = Callable[[Night, Guest], Night]


def encrypted(night: Night, guest: Guest) -> Night:
    return replace(night, changed=int(guest.disks * guest.data * 0.9))


def logging(night: Night, guest: Guest) -> Night:
    return replace(night, changed=(night.changed or 0) + int(guest.disks * 0.12))


def hung(night: Night, _: Guest) -> Night:
    return replace(night, changed=0, running=True)


def tripled(night: Night, _: Guest) -> Night:
    return replace(night, size=int(night.size * 3.5))


def halved(night: Night, _: Guest) -> Night:
    return replace(night, size=int(night.size * 0.3))


@pytest.mark.parametrize("day", [30, 75])
@pytest.mark.parametrize(
    ("plant", "name", "code", "runs"),
    [
        (encrypted, "web", "changed_much_more", 1),
        (encrypted, "mail", "changed_much_more", 1),
        (encrypted, "media", "changed_much_more", 1),
        (logging, "web", "changed_much_more", 2),
        (logging, "media", "changed_much_more", 2),
        (hung, "mail", "nothing_changed", 16),
        (hung, "database", "nothing_changed", 16),
        (tripled, "web", "size_much_larger", 1),
        (tripled, "database", "size_much_larger", 1),
        (tripled, "lab", "size_much_larger", 1),
        (halved, "web", "size_suspicious", 1),
        (halved, "media", "size_suspicious", 1),
    ],
)
def test_h59_a_planted_anomaly_is_found_at_the_first_run_at_which_it_can_be_known(
    plant: Plant, name: str, code: str, runs: int, day: int
) -> None:
    guest = BY_NAME[name]
    on_server = plant in {encrypted, logging, hung}
    every = calm(guest, on_server=on_server)
    assert len(every) >= 5
    found = []
    for nights in every:
        last = day + 1 if plant is encrypted else len(nights)
        planted = [plant(night, guest) if day <= at < last else night for at, night in enumerate(nights)]
        found.append(first_told(planted, day, code))
    assert None not in found
    assert max(entry for entry in found if entry is not None) <= runs


@pytest.mark.parametrize("plant", [encrypted, tripled])
def test_h57_nothing_is_said_before_fourteen_backups(plant: Plant) -> None:
    guest = BY_NAME["web"]
    nights = calm(guest, on_server=plant is encrypted)[0]
    for day in range(14 + (plant is encrypted)):
        planted = [*nights[:day], plant(nights[day], guest)]
        assert list(told(planted, day)) == []
    assert (
        first_told(
            [*nights[:16], plant(nights[16], guest)],
            16,
            "size_much_larger" if plant is tripled else "changed_much_more",
        )
        == 1
    )


def test_h60_from_eight_of_a_weekday_on_it_is_held_against_its_own_kind() -> None:
    guest = BY_NAME["database"]
    nights = next(nights for nights in calm(guest, on_server=True))
    mondays = [at for at, night in enumerate(nights) if night.moment.weekday() == 0 and at > 0]
    early, late = mondays[3], mondays[9]
    for day, expected in ((early, None), (late, 1)):
        planted = [encrypted(night, guest) if at == day else night for at, night in enumerate(nights)]
        assert first_told(planted[: day + 1], day, "changed_much_more") == expected
