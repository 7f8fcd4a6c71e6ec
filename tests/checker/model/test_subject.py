"""What verdicts, alerts and devices are about, and how that is written."""

import pytest

from custom_components.proxmox_backup_checker.checker.model.subject import CLUSTER, Subject


@pytest.mark.parametrize(
    ("subject", "key"),
    [
        (CLUSTER, "cluster"),
        (Subject.guest(101), "guest_101"),
        (Subject.job("backup-1a_2b"), "job_backup-1a_2b"),
        (Subject.node("pve1"), "node_pve1"),
        (Subject.storage("nas"), "storage_nas"),
        (Subject.storage("pve1/local"), "storage_pve1/local"),
        (Subject.offsite(101), "guest_101_offsite"),
    ],
)
def test_a_subject_is_written_as_its_key_and_read_from_it(subject: Subject, key: str) -> None:
    assert (subject.key, str(subject), Subject.parse(key)) == (key, key, subject)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "_",
        "guest",
        "guest_",
        "guest_web",
        "guest_-1",
        "cluster_",
        "cluster_x",
        "moon_1",
        "job",
        "101",
        "offsite_101",
        "guest_web_offsite",
    ],
)
def test_other_texts_are_no_keys(text: str) -> None:
    with pytest.raises(ValueError, match="not the key of a subject"):
        Subject.parse(text)


def test_only_guests_and_their_copies_elsewhere_have_a_number() -> None:
    subjects = (Subject.guest(101), Subject.offsite(101), Subject.job("101"), CLUSTER)
    assert [subject.vmid for subject in subjects] == [101, 101, None, None]


def test_subjects_come_in_the_order_of_their_keys() -> None:
    subjects = [
        Subject.storage("a"),
        Subject.job("b"),
        Subject.guest(99),
        Subject.guest(100),
        CLUSTER,
        Subject.job("a"),
    ]
    assert [subject.key for subject in sorted(subjects)] == sorted(subject.key for subject in subjects)
