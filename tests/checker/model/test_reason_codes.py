"""The catalogue of reasons: what each means to those who tell of it."""

import ast
from pathlib import Path

import pytest

import custom_components.proxmox_backup_checker as integration
from custom_components.proxmox_backup_checker.checker.model.facts import Blindness
from custom_components.proxmox_backup_checker.checker.model.reason_codes import AlertForm, AlertKind, ReasonCode
from custom_components.proxmox_backup_checker.checker.model.verdict import Reason

CHECKER = Path(integration.__path__[0]) / "checker"


def used_codes() -> set[str]:
    """Return the names of the codes that the code of the checker gives to anything."""
    return {
        node.attr
        for path in CHECKER.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "ReasonCode"
    }


def test_a_reason_that_is_not_in_the_catalogue_cannot_be_given() -> None:
    with pytest.raises(ValueError, match="gone_fishing"):
        Reason("gone_fishing")  # type: ignore[arg-type]


def test_every_reason_of_the_catalogue_is_given_somewhere() -> None:
    blindness = {ReasonCode(blind).name for blind in Blindness}
    assert {code.name for code in ReasonCode} == used_codes() | blindness


def test_codes_are_told_as_the_words_that_automations_know() -> None:
    assert f"{ReasonCode.RUN_MISSED}" == str(Reason(ReasonCode.RUN_MISSED).code.value) == "run_missed"


@pytest.mark.parametrize(
    ("code", "form"),
    [
        (ReasonCode.BACKUP_NOT_REACHED_BY_ANY_JOB_UNEXPLAINED, AlertForm.FAILED),
        (ReasonCode.JOB_COULD_NOT_START, AlertForm.FAILED),
        (ReasonCode.SKIPPED_BY_JOB, AlertForm.MISSED),
        (ReasonCode.JOB_STATUS_UNCLEAR, AlertForm.UNCLEAR),
        (ReasonCode.BACKUP_WITHOUT_DISKS, AlertForm.WARNED),
    ],
)
def test_a_reason_says_what_became_of_the_promised_backups(code: ReasonCode, form: AlertForm) -> None:
    assert code.meaning.form is form


def test_what_cannot_be_seen_is_out_of_reach_or_a_right_is_missing() -> None:
    blind = {code for code in ReasonCode if code.meaning.alert is AlertKind.BLIND}
    assert {code for code in blind if code.is_out_of_reach} == {
        ReasonCode.NODE_UNREACHABLE,
        ReasonCode.JOBS_UNREADABLE,
        ReasonCode.CANNOT_VERIFY,
        ReasonCode.SERVER_UNREACHABLE,
        ReasonCode.SERVER_TOKEN_REFUSED,
        ReasonCode.SERVER_CERTIFICATE_CHANGED,
        ReasonCode.SERVER_CERTIFICATE_UNTRUSTED,
        ReasonCode.SERVER_UNREADABLE,
        ReasonCode.SERVER_PART_UNSEEN,
    }
    assert {code for code in ReasonCode if code.meaning.is_right_missing} == {
        *(ReasonCode(kind) for kind in Blindness if not ReasonCode(kind).is_out_of_reach),
        ReasonCode.GUESTS_HIDDEN,
        ReasonCode.GUEST_HIDDEN,
        ReasonCode.STORAGE_HIDDEN,
        ReasonCode.JOB_GUESTS_HIDDEN,
        ReasonCode.SERVER_RIGHTS_MISSING,
        ReasonCode.SERVER_OWN_GROUPS_ONLY,
        ReasonCode.DATASTORE_HIDDEN,
        ReasonCode.PBSJOB_HIDDEN,
        ReasonCode.GROUP_HIDDEN,
    }


def test_reasons_that_are_one_cause_to_people_share_its_name() -> None:
    assert {code.cause for code in ReasonCode if code.is_node_off} == {"node_offline"}
    assert ReasonCode.VERIFICATION_FAILED_NONE_GOOD.cause == ReasonCode.VERIFICATION_FAILED.cause
    assert ReasonCode.NO_QUORUM.cause == "no_quorum"
