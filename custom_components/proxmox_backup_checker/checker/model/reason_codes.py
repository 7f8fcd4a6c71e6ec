"""The catalogue of reasons: each code once, with what it means for alerts, messages and rules.

A new reason is one entry here and one sentence in each texts/reasons_<language>.json.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Self


class AlertKind(StrEnum):
    """What the problems of an alert have in common."""

    JOB = "job"
    NODE = "node"
    QUORUM = "quorum"
    BLIND = "blind"
    UNCOVERED = "uncovered"
    PAUSED = "paused"
    STORAGE = "storage"
    VERIFICATION = "verification"
    MISSING = "missing"
    AGE = "age"
    GUEST = "guest"
    REPLICATION = "replication"
    OFFSITE = "offsite"
    # Of a backup server.
    DATASTORE = "datastore"
    PBSJOB = "pbsjob"
    REMOTE = "remote"
    GROUP = "group"


class AlertForm(StrEnum):
    """What has become of the backups that a job promised."""

    FAILED = "failed"
    MISSED = "missed"
    UNCLEAR = "unclear"
    WARNED = "warned"


@dataclass(frozen=True, kw_only=True, slots=True)
class Meaning:
    """What a reason means to those who tell of it.

    `alert` is the kind of alert that its problem belongs to; None leaves it with its job, its storage, its guest or its part of a
    backup server. `form`
    is what it says of the backups that a job promised. Reasons with the same `cause` are one cause to people: nothing new
    happens when one turns into the other. `is_right_missing` tells that the token lacks a right, `is_start_failed` that
    Proxmox could not even start the job. Where `error_lists_guests`, the error text holds names and no cause. Where
    `sentence_says_cause`, messages quote its sentence and not its error.
    """

    alert: AlertKind | None = None
    form: AlertForm = AlertForm.WARNED
    cause: str | None = None
    is_right_missing: bool = False
    is_start_failed: bool = False
    error_lists_guests: bool = False
    sentence_says_cause: bool = False


_FAILED: Final = Meaning(form=AlertForm.FAILED)
_MISSED: Final = Meaning(form=AlertForm.MISSED)
_UNCLEAR: Final = Meaning(form=AlertForm.UNCLEAR)
_NO_START: Final = Meaning(form=AlertForm.FAILED, is_start_failed=True)
_GUESTS_LISTED: Final = Meaning(form=AlertForm.FAILED, error_lists_guests=True, sentence_says_cause=True)
_NODE_OFF: Final = Meaning(alert=AlertKind.NODE, form=AlertForm.MISSED, cause="node_offline")
_OUT_OF_REACH: Final = Meaning(alert=AlertKind.BLIND)
_NO_RIGHT: Final = Meaning(alert=AlertKind.BLIND, is_right_missing=True)
_UNCOVERED: Final = Meaning(alert=AlertKind.UNCOVERED)
_UNVERIFIED: Final = Meaning(alert=AlertKind.VERIFICATION, cause="verification_failed")
_REMOTE: Final = Meaning(alert=AlertKind.REMOTE, form=AlertForm.FAILED, sentence_says_cause=True)
_TOO_OLD: Final = Meaning(alert=AlertKind.AGE, cause="older_than_allowed")


_REPLICA: Final = Meaning(alert=AlertKind.REPLICATION, form=AlertForm.FAILED)
_NO_REPLICA: Final = Meaning(alert=AlertKind.REPLICATION, form=AlertForm.MISSED)
# Each job fails in its own words while its target is off.
_TARGET_OFF: Final = Meaning(
    alert=AlertKind.REPLICATION, form=AlertForm.MISSED, error_lists_guests=True, sentence_says_cause=True
)


class ReasonCode(StrEnum):
    """Why something is as it is."""

    _value_: str
    meaning: Meaning

    def __new__(cls, code: str, meaning: Meaning = Meaning()) -> Self:
        """Make a code with its meaning; most have none for alerts."""
        member = str.__new__(cls, code)
        member._value_ = code
        member.meaning = meaning
        return member

    @property
    def is_node_off(self) -> bool:
        """Whether a backup is missing since the guest's node was off."""
        return self.meaning.alert is AlertKind.NODE

    @property
    def is_out_of_reach(self) -> bool:
        """Whether nothing can be seen since a node or the cluster does not answer."""
        return self.meaning.alert is AlertKind.BLIND and not self.meaning.is_right_missing

    @property
    def cause(self) -> str:
        """What tells this cause of a problem from another."""
        return self.meaning.cause or self.value

    # A guest: its backup is there.
    BACKED_UP = "backed_up"
    BACKED_UP_BY_HAND = "backed_up_by_hand"
    BACKED_UP_BY_UNKNOWN_JOB = "backed_up_by_unknown_job"
    ARCHIVE_FOUND = "archive_found"
    YOUNG_ENOUGH_JOBS_HIDDEN_DAYS = "young_enough_jobs_hidden_days"
    YOUNG_ENOUGH_JOBS_HIDDEN_HOURS = "young_enough_jobs_hidden_hours"
    YOUNG_ENOUGH_WITHOUT_JOB_DAYS = "young_enough_without_job_days"
    YOUNG_ENOUGH_WITHOUT_JOB_HOURS = "young_enough_without_job_hours"

    # A guest: its backup failed.
    BACKUP_CANCELLED = "backup_cancelled", _FAILED
    BACKUP_FAILED = "backup_failed", _FAILED
    BACKUP_FAILED_UNEXPLAINED = "backup_failed_unexplained", _FAILED
    BACKUP_INTERRUPTED = "backup_interrupted", _FAILED
    BACKUP_NOT_REACHED = "backup_not_reached", _FAILED
    BACKUP_NOT_REACHED_UNEXPLAINED = "backup_not_reached_unexplained", _FAILED
    BACKUP_NOT_REACHED_BY_ANY_JOB = "backup_not_reached_by_any_job", _FAILED
    BACKUP_NOT_REACHED_BY_ANY_JOB_UNEXPLAINED = "backup_not_reached_by_any_job_unexplained", _FAILED
    STATUS_UNCLEAR = "status_unclear", _UNCLEAR
    ARCHIVE_OF_SEVERAL_SLOTS = "archive_of_several_slots", _UNCLEAR

    # A guest or a job: a slot passed without a backup.
    NODE_OFFLINE = "node_offline", _NODE_OFF
    HOST_WAS_OFF = "host_was_off", _NODE_OFF
    HOST_WAS_OFF_AND_REPEATS = "host_was_off_and_repeats", _NODE_OFF
    NO_QUORUM = "no_quorum", Meaning(alert=AlertKind.QUORUM, form=AlertForm.MISSED)
    RUN_MISSED = "run_missed", _MISSED
    SKIPPED_BY_JOB = "skipped_by_job", _MISSED
    MOVED_DURING_BACKUP = "moved_during_backup", _MISSED
    MOVED_BETWEEN_JOBS = "moved_between_jobs", _MISSED
    RUN_HANGS_SINCE = "run_hangs_since", _MISSED
    TURN_NOT_COME = "turn_not_come", _MISSED
    JOB_COULD_NOT_START = "job_could_not_start", _NO_START
    JOB_CANNOT_START = "job_cannot_start", _NO_START
    JOB_STATE_UNREADABLE = "job_state_unreadable", _NO_START
    NODE_EXPECTED_OFFLINE = "node_expected_offline"

    # A guest: none is due yet, or none is wanted.
    FIRST_RUN_NOT_DUE = "first_run_not_due"
    FIRST_RUN_IN_PROGRESS = "first_run_in_progress"
    NEW_WITHOUT_JOB = "new_without_job"
    IGNORED_BY_CHOICE = "ignored_by_choice"
    IGNORED_BY_TAG = "ignored_by_tag"
    TEMPLATE_WITHOUT_JOB = "template_without_job"
    JOB_DISABLED = "job_disabled"
    GUEST_REMOVED = "guest_removed"

    # A guest: no job backs it up.
    NO_JOB = "no_job", _UNCOVERED
    EXCLUDED_FROM_JOB = "excluded_from_job", _UNCOVERED
    JOB_ON_OTHER_NODE = "job_on_other_node", _UNCOVERED
    JOB_WITHOUT_SCHEDULE = "job_without_schedule", _UNCOVERED
    JOB_NEVER_COMES = "job_never_comes", _UNCOVERED
    JOB_DISABLED_TOO_LONG = "job_disabled_too_long", Meaning(alert=AlertKind.PAUSED)

    # Something cannot be seen; the first five are those of Blindness.
    NODE_UNREACHABLE = "node_unreachable", _OUT_OF_REACH
    TASKS_HIDDEN = "tasks_hidden", _NO_RIGHT
    JOBS_HIDDEN = "jobs_hidden", _NO_RIGHT
    JOBS_UNREADABLE = "jobs_unreadable", _OUT_OF_REACH
    POOLS_HIDDEN = "pools_hidden", _NO_RIGHT
    GUESTS_HIDDEN = "guests_hidden", _NO_RIGHT
    GUEST_HIDDEN = "guest_hidden", _NO_RIGHT
    STORAGE_HIDDEN = "storage_hidden", _NO_RIGHT
    JOB_GUESTS_HIDDEN = "job_guests_hidden", _NO_RIGHT
    CANNOT_VERIFY = "cannot_verify", _OUT_OF_REACH
    NO_RUN_SEEN = "no_run_seen", _UNCLEAR
    NO_EARLIER_RUN_SEEN = "no_earlier_run_seen", Meaning(form=AlertForm.UNCLEAR, cause="no_run_seen")
    SLOT_PERHAPS_OWED = "slot_perhaps_owed", _UNCLEAR
    SCHEDULE_UNREADABLE = "schedule_unreadable", _UNCLEAR

    # A guest: its backup is there, but something is to be said of it.
    ARCHIVE_LIMIT_NEAR = "archive_limit_near"
    ARCHIVE_LIMIT_REACHED = "archive_limit_reached"
    ARCHIVE_MISSING = "archive_missing", Meaning(alert=AlertKind.MISSING)
    ARCHIVE_NOT_LISTED = "archive_not_listed"
    CHANGED_MUCH_MORE = "changed_much_more"
    BACKUP_WITHOUT_DISKS = "backup_without_disks"
    COPY_OUTSIDE_JOB = "copy_outside_job"
    COPY_ELSEWHERE = "copy_elsewhere"
    DISKS_NEWLY_EXCLUDED = "disks_newly_excluded"
    DISKS_NOT_IN_ARCHIVE = "disks_not_in_archive"
    DURATION_MUCH_SHORTER = "duration_much_shorter"
    DURATION_SUSPICIOUS = "duration_suspicious"
    FOREIGN_ARCHIVES = "foreign_archives"
    FREEZE_FAILED = "freeze_failed"
    FREEZE_SKIPPED = "freeze_skipped"
    GUEST_LOCKED = "guest_locked"
    LOG_UPLOAD_FAILED = "log_upload_failed"
    NOTHING_CHANGED = "nothing_changed"
    NOTES_FAILED = "notes_failed"
    OLDER_THAN_ALLOWED_DAYS = "older_than_allowed_days", _TOO_OLD
    OLDER_THAN_ALLOWED_HOURS = "older_than_allowed_hours", _TOO_OLD
    PARTIAL = "partial"
    PRUNE_NOT_WORKING = "prune_not_working"
    RETENTION_FAILED = "retention_failed"
    RETENTION_SHORT = "retention_short"
    RESTORE_FAILED = "restore_failed"
    RESTORE_POINT_BAD = "restore_point_bad"
    RESTORE_PROVEN = "restore_proven"
    RESTORE_PROVEN_AND_RAN = "restore_proven_and_ran"
    RESTORE_NEVER_SEEN = "restore_never_seen"
    RESTORE_SIGHT_MISSING = "restore_sight_missing"
    RESTORE_TEST_DUE = "restore_test_due"
    RESTORE_TEST_OLD = "restore_test_old"
    RECOVERY_BY_BACKUPS = "recovery_by_backups"
    RECOVERY_BY_OWN_RESTORE = "recovery_by_own_restore"
    RECOVERY_BY_RESTORES = "recovery_by_restores"
    SIZE_MUCH_LARGER = "size_much_larger"
    SIZE_SUSPICIOUS = "size_suspicious"
    SNAPSHOT_NEVER_FINISHED = "snapshot_never_finished"
    STORAGE_NOT_ON_NODE = "storage_not_on_node"
    WRONG_DATE = "wrong_date"
    STORAGE_NOT_WHAT_IT_WAS = "storage_not_what_it_was", Meaning(alert=AlertKind.STORAGE)
    VERIFICATION_FAILED = "verification_failed", _UNVERIFIED
    VERIFICATION_FAILED_NONE_GOOD = "verification_failed_none_good", _UNVERIFIED
    VERIFICATION_HAD_FAILED = "verification_had_failed", _UNVERIFIED
    POINTS_LEFT_BEHIND = "points_left_behind"
    ARCHIVES_OF_SEVERAL_CLUSTERS = "archives_of_several_clusters"
    CLOCKS_OF_NODE_AND_SERVER = "clocks_of_node_and_server"
    BACKUP_SERVER_ON_ITS_CLUSTER = "backup_server_on_its_cluster"
    BACKED_UP_ON_ITSELF = "backed_up_on_itself"

    # A guest: its copies elsewhere.
    OFFSITE_COPIED = "offsite_copied"
    OFFSITE_BEHIND = "offsite_behind"
    OFFSITE_OLD_AS_HERE = "offsite_old_as_here"
    OFFSITE_NOTHING_TO_COPY = "offsite_nothing_to_copy"
    OFFSITE_PENDING = "offsite_pending"
    OFFSITE_PENDING_UNTIL = "offsite_pending_until"
    OFFSITE_LAGGING = "offsite_lagging"
    OFFSITE_MISSING = "offsite_missing"
    OFFSITE_NOT_OWNED = "offsite_not_owned"
    OFFSITE_WRONG_OWNER = "offsite_wrong_owner"
    OFFSITE_GROUP_FAILED = "offsite_group_failed"
    OFFSITE_NOTHING_VERIFIES = "offsite_nothing_verifies"
    OFFSITE_NOT_VERIFIED = "offsite_not_verified"
    OFFSITE_NOT_ENCRYPTED = "offsite_not_encrypted"
    OFFSITE_JOB_FAILED = "offsite_job_failed"
    OFFSITE_JOB_OVERDUE = "offsite_job_overdue"
    OFFSITE_JOB_NEVER_RAN = "offsite_job_never_ran"
    OFFSITE_FILTERED = "offsite_filtered"
    OFFSITE_NOT_COPIED = "offsite_not_copied"
    OFFSITE_JOBS_HIDDEN = "offsite_jobs_hidden"
    OFFSITE_UNSEEN = "offsite_unseen"
    OFFSITE_NEVER_SEEN = "offsite_never_seen"
    OFFSITE_ASLEEP = "offsite_asleep"
    OFFSITE_HOLE = "offsite_hole"

    # A guest: all its copies, held against a rule such as 3-2-1.
    RULE_MET = "rule_met"
    RULE_UNKNOWN = "rule_unknown"
    RULE_NO_COPY = "rule_no_copy"
    RULE_NOTHING_ELSEWHERE = "rule_nothing_elsewhere"
    RULE_NONE_ELSEWHERE = "rule_none_elsewhere"
    RULE_FEW_ELSEWHERE = "rule_few_elsewhere"
    RULE_FILTERED = "rule_filtered"
    RULE_NOT_COPIED = "rule_not_copied"
    RULE_FEW_COPIES = "rule_few_copies"
    RULE_FEW_COPIES_OF_HOST = "rule_few_copies_of_host"
    RULE_FEW_MEDIA = "rule_few_media"
    COPY_OLD = "copy_old"
    COPY_BAD = "copy_bad"
    COPY_UNSEEN = "copy_unseen"
    COPY_UNPROMISED = "copy_unpromised"
    HOST_COPY_OLD = "host_copy_old"
    HOST_COPY_UNPROMISED = "host_copy_unpromised"
    COPY_PLACE_UNKNOWN = "copy_place_unknown"
    PLACES_UNSAID = "places_unsaid"
    COPIES_UNLISTED = "copies_unlisted"
    COPIES_UNPROVEN = "copies_unproven"
    COPIES_OUT_OF_SIGHT = "copies_out_of_sight"
    COPIES_MAYBE_ONE_MEDIUM = "copies_maybe_one_medium"

    # A job.
    JOB_ARCHIVES_MISSING = "job_archives_missing"
    LOCK_HELD = "lock_held"
    LOCK_HELD_BY_JOB = "lock_held_by_job"
    JOB_OK = "job_ok"
    JOB_ARCHIVES_FOUND = "job_archives_found"
    JOB_WITH_WARNINGS = "job_with_warnings"
    JOB_FAILED = "job_failed", _FAILED
    JOB_GUESTS_FAILED = "job_guests_failed", _GUESTS_LISTED
    JOB_INTERRUPTED = "job_interrupted", _GUESTS_LISTED
    JOB_LISTS_DELETED_GUEST = "job_lists_deleted_guest", _GUESTS_LISTED
    JOB_PRUNE_FAILED = "job_prune_failed", Meaning(sentence_says_cause=True)
    JOB_STATUS_UNCLEAR = "job_status_unclear", _UNCLEAR
    JOB_NO_RUN_SEEN = "job_no_run_seen", _UNCLEAR
    JOB_NO_EARLIER_RUN_SEEN = "job_no_earlier_run_seen", Meaning(form=AlertForm.UNCLEAR, cause="job_no_run_seen")
    JOB_FIRST_RUN_NOT_DUE = "job_first_run_not_due"
    JOB_FIRST_RUN_IN_PROGRESS = "job_first_run_in_progress"
    JOB_FIRST_RUN_WAITS = "job_first_run_waits"
    JOB_IGNORED_BY_CHOICE = "job_ignored_by_choice"
    JOB_IS_DISABLED = "job_is_disabled"
    JOB_NEVER_RUNS_BY_ITSELF = "job_never_runs_by_itself"
    JOB_WITHOUT_GUESTS = "job_without_guests"
    RUN_LONGER_THAN_INTERVAL = "run_longer_than_interval"
    RUN_SLOW = "run_slow"
    RUN_HANGS = "run_hangs", _MISSED
    RUN_IN_PROGRESS_WITH_FAILURES = "run_in_progress_with_failures"
    SLOT_SKIPPED_BY_CLOCK_CHANGE = "slot_skipped_by_clock_change"

    # A storage.
    STORAGE_OK = "storage_ok"
    STORAGE_AWAY_FOR_NOW = "storage_away_for_now"
    STORAGE_AWAY_UNTIL_NEEDED = "storage_away_until_needed"
    STORAGE_CHANGED_IDENTITY = "storage_changed_identity"
    STORAGE_DISABLED = "storage_disabled"
    STORAGE_FILL_UNKNOWN = "storage_fill_unknown"
    STORAGE_FILLING = "storage_filling"
    STORAGE_NEARLY_FULL = "storage_nearly_full"
    STORAGE_FULL = "storage_full", Meaning(form=AlertForm.FAILED)
    STORAGE_OF_RESTING_NODE = "storage_of_resting_node"
    STORAGE_UNREACHABLE = "storage_unreachable"
    STORAGE_UNREACHABLE_SERVER_ANSWERS = "storage_unreachable_server_answers"
    STORAGE_FINGERPRINT_OUTDATED = "storage_fingerprint_outdated"
    NEXT_RUN_DOES_NOT_FIT = "next_run_does_not_fit"

    # The cluster.
    CLUSTER_OK = "cluster_ok"
    CLUSTER_WARNING = "cluster_warning"
    CLUSTER_PROBLEM = "cluster_problem"
    CLUSTER_UNKNOWN = "cluster_unknown"
    CLOCK_SKEW = "clock_skew"
    NIGHT_NOT_DONE = "night_not_done"

    # The coming night, as it may go.
    NIGHT_DONE_ABOUT = "night_done_about"
    NIGHT_GIVES_UP = "night_gives_up"
    NIGHT_MEETS = "night_meets"
    NIGHT_WAITS = "night_waits"

    # A backup server as a whole.
    SERVER_OK = "server_ok"
    SERVER_ASLEEP = "server_asleep"
    SERVER_UNREACHABLE = "server_unreachable", _OUT_OF_REACH
    SERVER_TOKEN_REFUSED = "server_token_refused", _OUT_OF_REACH
    SERVER_CERTIFICATE_CHANGED = "server_certificate_changed", _OUT_OF_REACH
    SERVER_CERTIFICATE_UNTRUSTED = "server_certificate_untrusted", _OUT_OF_REACH
    SERVER_UNREADABLE = "server_unreadable", _OUT_OF_REACH
    SERVER_RIGHTS_MISSING = "server_rights_missing", _NO_RIGHT
    SERVER_PART_UNSEEN = "server_part_unseen", _OUT_OF_REACH
    SERVER_OWN_GROUPS_ONLY = "server_own_groups_only", _NO_RIGHT
    SERVER_RIGHTS_LOST = "server_rights_lost"
    SERVER_DATASTORES_HIDDEN = "server_datastores_hidden"
    SERVER_TASKS_HIDDEN = "server_tasks_hidden"
    SERVER_SYNC_JOBS_HIDDEN = "server_sync_jobs_hidden"
    SERVER_STILL_READING = "server_still_reading"
    SERVER_CLOCK_AHEAD = "server_clock_ahead"
    SERVER_CLOCK_BEHIND = "server_clock_behind"
    SERVER_PROBLEM = "server_problem"
    SERVER_WARNING = "server_warning"

    # A datastore of a backup server.
    DATASTORE_OK = "datastore_ok"
    DATASTORE_FILLING = "datastore_filling"
    DATASTORE_NEARLY_FULL = "datastore_nearly_full"
    DATASTORE_HIDDEN = "datastore_hidden", _NO_RIGHT
    DATASTORE_FILL_UNKNOWN = "datastore_fill_unknown"
    DATASTORE_CACHE_OK = "datastore_cache_ok"
    DATASTORE_FULL_SOON = "datastore_full_soon"
    DATASTORE_PENDING = "datastore_pending"
    DATASTORE_READ_ONLY = "datastore_read_only"
    DATASTORE_READ_ONLY_BECAUSE = "datastore_read_only_because"
    DATASTORE_IN_MAINTENANCE = "datastore_in_maintenance"
    DATASTORE_IN_MAINTENANCE_BECAUSE = "datastore_in_maintenance_because"
    DATASTORE_UNREADABLE_TOO_LONG = "datastore_unreadable_too_long"
    DATASTORE_UNMOUNT_STUCK = "datastore_unmount_stuck"
    DATASTORE_ASLEEP = "datastore_asleep"
    DATASTORE_ASLEEP_TOO_LONG = "datastore_asleep_too_long"
    DATASTORE_POINTS_VANISHED = "datastore_points_vanished"
    DATASTORE_CORRUPT_CHUNKS = "datastore_corrupt_chunks"
    DATASTORE_SNAPSHOTS_BAD = "datastore_snapshots_bad"
    DATASTORE_NOT_COLLECTED = "datastore_not_collected"
    DATASTORE_NEVER_COLLECTED = "datastore_never_collected"
    DATASTORE_PRUNE_DISABLED = "datastore_prune_disabled"
    DATASTORE_NOTHING_PRUNES = "datastore_nothing_prunes"
    DATASTORE_NOT_VERIFIED = "datastore_not_verified"
    DATASTORE_VERIFICATION_OLD = "datastore_verification_old"
    DATASTORE_VERIFIED_ONCE = "datastore_verified_once"
    DATASTORE_INCOMPLETE = "datastore_incomplete"

    # A job of a backup server.
    STORE_UNREADABLE = "store_unreadable"
    PBSJOB_OK = "pbsjob_ok"
    PBSJOB_MANUAL = "pbsjob_manual"
    PBSJOB_MANUAL_NEVER_RAN = "pbsjob_manual_never_ran"
    SYNC_STORE_WAS_AWAY = "sync_store_was_away"
    SYNC_PULLED = "sync_pulled"
    SYNC_PUSHED = "sync_pushed"
    SYNC_COPIED = "sync_copied"
    PBSJOB_FIRST_RUN_NOT_DUE = "pbsjob_first_run_not_due"
    PBSJOB_FIRST_RUN_IN_PROGRESS = "pbsjob_first_run_in_progress"
    PBSJOB_STATE_UNKNOWN = "pbsjob_state_unknown", _UNCLEAR
    PBSJOB_OVERDUE = "pbsjob_overdue", _MISSED
    PBSJOB_DISABLED = "pbsjob_disabled"
    PBSJOB_STORE_IN_MAINTENANCE = "pbsjob_store_in_maintenance"
    PBSJOB_STORE_ASLEEP = "pbsjob_store_asleep"
    PBSJOB_HIDDEN = "pbsjob_hidden", _NO_RIGHT
    PBSJOB_LIST_UNREADABLE = "pbsjob_list_unreadable", _UNCLEAR
    PBSJOB_FAILED = "pbsjob_failed", _FAILED
    PBSJOB_INTERRUPTED = "pbsjob_interrupted", _FAILED
    PBSJOB_WARNINGS = "pbsjob_warnings"
    PBSJOB_RAN_LATE = "pbsjob_ran_late"
    PBSJOB_RUNS_LONG = "pbsjob_runs_long"
    PBSJOB_LONGER_THAN_INTERVAL = "pbsjob_longer_than_interval"
    SYNC_GROUPS_FAILED = "sync_groups_failed", _FAILED
    SYNC_NAMESPACES_FAILED = "sync_namespaces_failed", _FAILED
    SYNC_WRONG_OWNER = "sync_wrong_owner", _FAILED
    SYNC_NOT_OWNED = "sync_not_owned"
    SYNC_UNREADABLE = "sync_unreadable"
    SYNC_PARTIALLY_ENCRYPTED = "sync_partially_encrypted"
    SYNC_REMOVALS_FAILED = "sync_removals_failed"
    SYNC_REMOTE_CERTIFICATE = "sync_remote_certificate", _REMOTE
    SYNC_REMOTE_LOGIN = "sync_remote_login", _REMOTE
    SYNC_REMOTE_UNREACHABLE = "sync_remote_unreachable", _REMOTE
    SYNC_DELETES_UNVERIFIED = "sync_deletes_unverified"
    SYNC_NOTHING_VERIFIED = "sync_nothing_verified"
    VERIFY_NEWEST_CORRUPT = "verify_newest_corrupt", _UNVERIFIED
    VERIFY_OLDER_CORRUPT = "verify_older_corrupt"
    VERIFY_UNFINISHED = "verify_unfinished"
    VERIFY_ABORTED = "verify_aborted", _FAILED
    PRUNE_KEEPS_EVERYTHING = "prune_keeps_everything"
    PRUNE_REMOVAL_FAILED = "prune_removal_failed"
    PRUNE_LEAVES_TOO_MANY = "prune_leaves_too_many"

    # A backup group on a backup server.
    GROUP_OK = "group_ok"
    GROUP_LEARNING = "group_learning"
    GROUP_FEW_AND_OLD = "group_few_and_old"
    GROUP_OVERDUE_DAILY = "group_overdue_daily", _MISSED
    GROUP_OVERDUE = "group_overdue", _MISSED
    GROUP_OVERDUE_BY_CHOICE = "group_overdue_by_choice", _MISSED
    GROUP_LATE_FOR_LAPTOP = "group_late_for_laptop"
    GROUP_BACKUP_FAILED = "group_backup_failed", _FAILED
    GROUP_NEVER_FINISHED = "group_never_finished"
    GROUP_FIRST_BACKUP_RUNS = "group_first_backup_runs"
    GROUP_NOT_READ = "group_not_read"
    GROUP_EMPTY = "group_empty"
    GROUP_DELETED = "group_deleted"
    GROUP_HIDDEN = "group_hidden", _NO_RIGHT
    GROUP_IGNORED_BY_CHOICE = "group_ignored_by_choice"
    GROUP_IGNORED_BY_COMMENT = "group_ignored_by_comment"
    GROUP_NEWEST_CORRUPT = "group_newest_corrupt", _UNVERIFIED
    GROUP_ALL_CORRUPT = "group_all_corrupt", _UNVERIFIED
    GROUP_OLDER_CORRUPT = "group_older_corrupt"
    GROUP_INCOMPLETE = "group_incomplete"
    GROUP_KEY_CHANGED = "group_key_changed"
    GROUP_ENCRYPTED_SINCE = "group_encrypted_since"

    # Whether what lies on a backup server was checked there.
    CHECK_OK = "check_ok"
    CHECK_FAILED = "check_failed"
    CHECK_UNKNOWN = "check_unknown"
    CHECK_AT_SOURCE_ONLY = "check_at_source_only"
    CHECK_NOT_SET_UP = "check_not_set_up"
    CHECK_OLD = "check_old"
    CHECK_NEVER = "check_never"
    CHECK_NOT_DUE = "check_not_due"

    # What has happened, as events tell it.
    HAPPENED_ARCHIVES_VANISHED = "happened_archives_vanished"
    HAPPENED_DISKS_EXCLUDED = "happened_disks_excluded"
    HAPPENED_GUESTS_NEW = "happened_guests_new"
    HAPPENED_GUESTS_NEW_WITHOUT_JOB = "happened_guests_new_without_job"
    HAPPENED_GUESTS_RECOVERED = "happened_guests_recovered"
    HAPPENED_GUESTS_UNCOVERED = "happened_guests_uncovered"
    HAPPENED_JOB_CHANGED = "happened_job_changed"
    HAPPENED_JOB_CREATED = "happened_job_created"
    HAPPENED_JOB_DELETED = "happened_job_deleted"
    HAPPENED_JOB_DISABLED = "happened_job_disabled"
    HAPPENED_JOB_ENABLED = "happened_job_enabled"
    HAPPENED_JOB_RECOVERED = "happened_job_recovered"
    HAPPENED_JOB_RETENTION_CUT = "happened_job_retention_cut"
    HAPPENED_MANUAL_RUN_FAILED = "happened_manual_run_failed"
    HAPPENED_MANUAL_RUN_FAILED_EARLY = "happened_manual_run_failed_early"
    HAPPENED_MANUAL_RUN_SUCCEEDED = "happened_manual_run_succeeded"
    HAPPENED_GROUP_DELETED = "happened_group_deleted"
    HAPPENED_GROUP_MOVED = "happened_group_moved"
    HAPPENED_POINTS_VANISHED = "happened_points_vanished"
    HAPPENED_POINTS_VANISHED_ON_BOTH_SIDES = "happened_points_vanished_on_both_sides"
    HAPPENED_FILES_RESTORED = "happened_files_restored"
    HAPPENED_RESTORE_FAILED = "happened_restore_failed"
    HAPPENED_RESTORE_FAILED_UNNAMED = "happened_restore_failed_unnamed"
    HAPPENED_RESTORED = "happened_restored"
    HAPPENED_RESTORE_TESTED = "happened_restore_tested"
    HAPPENED_RESTORE_UNNAMED = "happened_restore_unnamed"
    HAPPENED_RUN_FAILED = "happened_run_failed"
    HAPPENED_RUN_FAILED_EARLY = "happened_run_failed_early"
    HAPPENED_RUN_FAILED_OF_UNKNOWN_JOB = "happened_run_failed_of_unknown_job"
    HAPPENED_RUN_OF_UNKNOWN_JOB = "happened_run_of_unknown_job"
    HAPPENED_RUN_SUCCEEDED = "happened_run_succeeded"
    HAPPENED_RUN_UNCLEAR = "happened_run_unclear"
    HAPPENED_RUN_UNCLEAR_OF_NO_JOB = "happened_run_unclear_of_no_job"
    HAPPENED_RUN_WARNINGS = "happened_run_warnings"
    HAPPENED_STORAGE_RETENTION_CUT = "happened_storage_retention_cut"
    CHANGED_ALL_GUESTS = "changed_all_guests"
    CHANGED_EXCLUSIONS = "changed_exclusions"
    CHANGED_GUESTS = "changed_guests"
    CHANGED_MODE = "changed_mode"
    CHANGED_NODE = "changed_node"
    CHANGED_POOL = "changed_pool"
    CHANGED_RETENTION = "changed_retention"
    CHANGED_SCHEDULE = "changed_schedule"
    CHANGED_STORAGE = "changed_storage"

    # A replication job.
    REPLICATED = "replicated"
    REPLICATION_DISABLED = "replication_disabled"
    REPLICATION_FAILED = "replication_failed", _REPLICA
    REPLICATION_FAILED_ONCE = "replication_failed_once"
    REPLICATION_LATE = "replication_late", _NO_REPLICA
    REPLICATION_NEVER_RUN = "replication_never_run", _NO_REPLICA
    REPLICATION_NOT_STARTED = "replication_not_started", _NO_REPLICA
    REPLICATION_PENDING = "replication_pending"
    REPLICATION_RUNNING = "replication_running"
    REPLICATION_TARGET_OFF = "replication_target_off", _TARGET_OFF
    REPLICATION_TARGET_RESTS = "replication_target_rests"
    REPLICATION_UNSEEN = "replication_unseen"

    # Lines of the calendar and names of statistics.
    AGENDA_BY_HAND = "agenda_by_hand"
    AGENDA_BY_HAND_FAILED = "agenda_by_hand_failed"
    AGENDA_DURATION = "agenda_duration"
    AGENDA_FAILED = "agenda_failed"
    AGENDA_FAILED_IN_PART = "agenda_failed_in_part"
    AGENDA_FIGURES = "agenda_figures"
    AGENDA_FREED = "agenda_freed"
    AGENDA_MANY_RUNS = "agenda_many_runs"
    AGENDA_MANY_SLOTS = "agenda_many_slots"
    AGENDA_MISSED = "agenda_missed"
    AGENDA_NOT_STARTED = "agenda_not_started"
    AGENDA_PLAN = "agenda_plan"
    AGENDA_PLAN_WITH_DURATION = "agenda_plan_with_duration"
    AGENDA_PLANNED = "agenda_planned"
    AGENDA_RUNNING = "agenda_running"
    AGENDA_RUNNING_BY_HAND = "agenda_running_by_hand"
    AGENDA_SUCCEEDED = "agenda_succeeded"
    AGENDA_UNCLEAR = "agenda_unclear"
    AGENDA_UNCLEAR_RUN = "agenda_unclear_run"
    AGENDA_UNKNOWN_JOB = "agenda_unknown_job"
    AGENDA_UNKNOWN_JOB_FAILED = "agenda_unknown_job_failed"
    AGENDA_USUALLY = "agenda_usually"
    AGENDA_WARNINGS = "agenda_warnings"
    TREND_DURATION = "trend_duration"
    TREND_SIZE = "trend_size"
    TREND_SIZE_ON_SERVER = "trend_size_on_server"
    TREND_USED = "trend_used"
