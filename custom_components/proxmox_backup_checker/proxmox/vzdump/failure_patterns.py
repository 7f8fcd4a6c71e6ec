r"""The error texts of Proxmox, each with the code of its cause; the first that fits is taken.

Every pattern starts at the start of the text, and ends at its end where it closes with `$`. What stands in quotation marks
is a name or path that a user chose, so no pattern looks for words inside of them. The groups of all patterns of one code are
the blanks of its sentences. No pattern takes more than one part of any length, so the time to try it grows with the text's
length and no faster.
"""

from collections.abc import Iterable
from typing import Final

from . import server_patterns
from .error_text import ErrorText, Table, of
from .start_patterns import START

_ACTIVATE: Final = r"(?:could not activate storage '[^']+': )?"
_NAMED: Final = r"could not activate storage '(?P<storage>[^']+)': "
_INFORMATION: Final = r"(?:could not get storage information for '[^']+': )?"

# PVE/UPID.pm (read_status), PVE/Tools.pm (upid_read_status), PVE/RESTEnvironment.pm (fork_worker), PVE/API2/VZDump.pm
_TASK: Final[Table] = (
    (r"job errors$", "guests_failed"),
    (
        r"(?:VM \d+ (?:qmp|qga) command '[^']+' failed - |can't ac?quire lock '[^']+' - )?"
        r"(?:interrupted by (?:unexpected )?signal\b|received interrupt\b)",
        "cancelled",
    ),
    (
        r"unexpected status$|unable to read tail \(got 0 bytes\)|unable to get last line from task log - ",
        "run_vanished",
    ),
)

# PVE/Jobs.pm (run_jobs, read_job_state, get_job_task_status), PVE/VZDump.pm (get_included_guests), PVE/RPCEnvironment.pm,
# PVE/Exception.pm
_JOB: Final[Table] = (
    (r"(?:could not update job state, skipping - )?no such task$", "task_log_missing"),
    (r"(?:could not update job state, skipping - )?invalid json data in '", "job_state_broken"),
    (r"can't lock file '/var/lock/pve-manager/vzdump-[^']*' - ", "job_state_locked"),
    (r"pool '(?P<pool>[^']+)' does not exist$", "pool_missing"),
    (r"(?:403 )?Permission check failed \((?P<path>/[^,]*), (?P<privilege>[^)]+)\)", "permission_missing"),
    (
        r"(?:400 )?Parameter verification failed\b|cannot use options 'storage' and '(?:stdout|dumpdir)' at the same time$"
        r"|strange VM ID '|unable to pipe backup to stdout$|unable to use option 'storage' with option 'stdout'$"
        r"|you can only backup a single VM with option --stdout$"
        r"|cannot have 'maxfiles' and 'prune-backups' configured at the same time$",
        "job_invalid",
    ),
)

# PVE/VZDump.pm (getlock, exec_backup_task, run_hook_script, send_notification), PVE/Storage/Plugin.pm (prune_backups),
# PVE/AbstractConfig.pm (load_config)
_VZDUMP: Final[Table] = (
    (
        r"can't ac?quire lock '/(?:var/)?run/vzdump\.lock' (?:- got timeout|\(wait = 0\))|got unexpected control message:",
        "node_lock_timeout",
    ),
    (r"unable to find VM '(?P<guest>\d+)'$", "guest_deleted"),
    (r"unable to find configuration file for VM (?P<guest>\d+) on node '(?P<node>[^']+)'", "guest_gone"),
    (
        r"Configuration file 'nodes/(?P<node>[^/']+)/(?:qemu-server|lxc)/(?P<guest>\d+)\.conf' does not exist$",
        "guest_gone",
    ),
    (r"Cannot execute a backup with stop mode on a HA managed and enabled Service\b", "stop_mode_with_ha"),
    (r"There is a max backup limit of \(?(?P<limit>\d+)\)? enforced by the target storage\b", "backup_limit"),
    (r"only (?P<limit>\d+) backup\(s\) allowed - please consider to remove old backup files", "backup_limit"),
    (
        r"The number of protected backups per guest is limited to (?P<limit>\d+) on storage '(?P<storage>[^']+)'",
        "protected_limit",
    ),
    (r"unable to create temporary directory '[^']*/vzdump-[^'/]*\.tmp/?'", "backup_folder_failed"),
    (r"unable to create (?:temporary directory|log file) '", "working_folder_failed"),
    (r"(?:dump|tmp)dir '(?P<folder>[^']+)' does not exist", "folder_missing"),
    (r"unable to find command '(?P<command>[^']+)'$", "command_missing"),
    (r"need '(?P<command>[^']+)' binary from package ", "command_missing"),
    (r"(?:Error: )?The hook[ -]script '(?P<script>[^']+)' does not exist\.", "hook_missing"),
    (r"(?:Error: )?The hook[ -]script '(?P<script>[^']+)' is not executable\.", "hook_not_executable"),
    (
        r"command '(?P<script>.+?) (?P<phase>job-(?:init|start|end|abort)|backup-(?:start|end|abort)|log-end"
        r"|pre-(?:stop|restart)|post-restart)(?: (?:snapshot|suspend|stop) \d+)?' failed: ",
        "hook_failed",
    ),
    (r"unable to set protected flag - ", "protection_failed"),
    (r"could not notify via target `(?P<target>[^`]+)`: ", "notification_failed"),
    (
        r"prune '[^']+': proxmox-backup-client failed: (?:.* )?Error: permission check failed"
        r" - missing (?P<privilege>\S+) on (?P<path>/\S+)",
        "prune_not_allowed",
    ),
    (r"removing backup '[^']+'$", "own_archive_pruned"),
    (r"error pruning backups - check log$|error when removing backup '|prune '[^']+': ", "prune_failed"),
)

# PVE/VZDump.pm (exec_backup, exec_backup_task), PVE/VZDump/QemuServer.pm (archive_external), PVE/VZDump/LXC.pm (archive)
_PROVIDER: Final[Table] = (
    (
        r"backup init failed: (?:did not receive|illegal characters)|mechanism '[^']+' requested by backup provider is not"
        r"|cannot setup backup access without fleecing$|invalid incremental mode '[^']+' returned by backup provider"
        r"|timeout setting up virtual file '|unable to open backup source '|got unexpected bitmap action '"
        r"|bitmap-name is not present$|failed to spawn nbdinfo child\b|unexpected output from nbdinfo\b"
        r"|(?:job|backup) cleanup for external provider failed - ",
        "provider_failed",
    ),
)

# PVE/Storage.pm (storage_config, storage_check_node, storage_check_enabled, activate_storage, prune_backups), PVE/VZDump.pm
# (storage_info) and in PVE/Storage: Plugin.pm, DirPlugin.pm, BTRFSPlugin.pm, NFSPlugin.pm, CIFSPlugin.pm, ZFSPoolPlugin.pm
_STORAGE: Final[Table] = (
    (
        _ACTIVATE
        + r"unable to activate storage '(?P<storage>[^']+)' - directory is expected to be a mount point but is"
        r" not mounted",
        "storage_not_mounted",
    ),
    (
        _ACTIVATE + r"unable to activate storage '(?P<storage>[^']+)' - directory '[^']+' does not exist",
        "storage_unreachable",
    ),
    (_ACTIVATE + r"storage '(?P<storage>[^']+)' is not online\b", "storage_offline"),
    (
        _ACTIVATE + _INFORMATION + r"storage '(?P<storage>[^']+)' is not available on node '(?P<node>[^']+)'",
        "storage_not_for_node",
    ),
    (_ACTIVATE + r"storage '(?P<storage>[^']+)' is disabled\b", "storage_disabled"),
    (_ACTIVATE + _INFORMATION + r"storage '(?P<storage>[^']+)' does not exists?\b", "storage_missing"),
    (
        _INFORMATION + r"can't use storage '(?P<storage>[^']+)' for backups - wrong content type",
        "storage_without_backups",
    ),
    (r"storage '(?P<storage>[^']+)' does not support backups$", "storage_without_backups"),
    (
        r"could not get storage information for '(?P<storage>[^']+)': can't use storage type '[^']+' for backup",
        "storage_without_backups",
    ),
    (
        r"storage '(?P<storage>[^']+)' does not support (?:containers|content-type '(?:images|rootdir)')$",
        "storage_without_disks",
    ),
    (
        r"(?:\S+: )?content type '(?:images|rootdir)' is not available (?:or configured )?on storage '(?P<storage>[^']+)'",
        "storage_without_disks",
    ),
    (
        _ACTIVATE + r"connection check for storage '(?P<storage>[^']+)' failed - .*\bNT_STATUS_(?:ACCESS_DENIED"
        r"|LOGON_FAILURE|INVALID_PARAMETER)\b",
        "share_login_refused",
    ),
    (_NAMED + r"mount error: mount\.nfs4?: access denied by server\b", "share_access_refused"),
    (_NAMED + r"mount error: ", "share_mount_failed"),
    (_NAMED + r"(?:failed to create content directory '|mkdir /)", "storage_not_writable"),
    # Without the storage's name it is that of a disk of the guest
    (r"mount error: ", "disk_storage_down"),
    (r"could not activate storage '(?P<storage>[^']+)', ", "zfs_pool_missing"),
    (_ACTIVATE + r"no such volume group '(?P<group>[^']+)'", "volume_group_missing"),
)

# PVE/AbstractConfig.pm (check_lock), PVE/Tools.pm (lock_file), PVE/GuestHelpers.pm, PVE/QemuConfig.pm, PVE/LXC/Config.pm
_LOCKS: Final[Table] = (
    (r"VM is locked \(backup\)$", "vm_left_locked"),
    (r"CT is locked \(backup\)$", "container_left_locked"),
    (r"VM is locked \((?P<lock>[\w-]+)\)$", "vm_locked"),
    (r"CT is locked \((?P<lock>[\w-]+)\)$", "container_locked"),
    (
        r"can't lock file '/(?:var/lock/qemu-server/lock-|run/lock/lxc/pve-config-)(?P<guest>\d+)\.(?:conf|lock)' - got timeout$",
        "guest_busy",
    ),
    (r"can't lock file '/var/lock/pve-manager/pve-migrate-(?P<guest>\d+)' - ", "guest_moving"),
    (r"can't lock file '/var/lock/pve-manager/pve-storage-(?P<storage>[^/']+)' - ", "storage_busy"),
)

# Up to Proxmox VE 6 "error with cfs lock"; a file of the cluster is written as PVE/Tools.pm (file_set_contents) does it
_CFS_LOCK: Final = r"(?:unable to create image: )?(?:cfs-lock|error with cfs lock|error during cfs-locked) '[^']+'(?: error| operation)?: "
_CFS_FILE: Final = (
    r"(?:(?:unable to (?:open|write|create|rename|delete|unlink) (?:file )?|closing file |close \(rename\) atomic file )"
    r"'/etc/pve/[^']*'(?: to '[^']*')?(?: failed)?(?: -|:)|mkdir /etc/pve/[^ ]*:) "
)

# PVE/Cluster.pm (check_cfs_quorum, check_cfs_is_mounted, cfs_lock)
_CLUSTER: Final[Table] = (
    (rf"cluster not ready - no quorum\?$|{_CFS_LOCK}no quorum!$|{_CFS_FILE}Permission denied$", "no_quorum"),
    (
        rf"{_CFS_LOCK}got lock (?:request )?timeout$"
        r"|(?:unable to create image: )?(?:'[^']+'-locked command timed out - aborting|got lock timeout - aborting command)$",
        "cluster_lock_timeout",
    ),
    (
        rf"(?:{_CFS_LOCK})?pve cluster filesystem not online\.|pve configuration filesystem \(pmxcfs\) not"
        r" mounted|ipcc_send_rec\[\d+\] failed: "
        rf"|{_CFS_FILE}(?:Transport endpoint is not connected|Connection refused|Input/output error)$",
        "cluster_filesystem_down",
    ),
)

_PACKER: Final = r"(?:zstd|gzip|pigz|lzop)"
# What a share answers that cannot keep up
_AGAIN: Final = r"Resource temporarily unavailable"

# PVE/QMPClient.pm, PVE/QemuServer/Monitor.pm, PVE/QemuServer/Agent.pm, PVE/VZDump/QemuServer.pm, PVE/QemuServer.pm
# (vm_start_nolock, vm_stop), PVE/QemuServer/PCI.pm, and pve-qemu's pve-backup.c and vma-writer.c
_QEMU: Final[Table] = (
    (
        r"VM \d+ (?:qmp|qga) command 'guest-fsfreeze-(?:freeze|status)' failed - |unable to freeze guest fs - "
        r"|querying status after freezing guest fs failed - ",
        "freeze_failed",
    ),
    (r"VM \d+ (?:qmp|qga) command 'guest-fsfreeze-thaw' failed - ", "thaw_failed"),
    (
        r"VM \d+ (?:qmp|qga) command 'guest-[\w-]+' failed - |(?:VM \d+ )?QEMU guest agent is not running$",
        "agent_silent",
    ),
    (
        r"VM \d+ qmp command '[\w-]+' failed - got timeout$|unable to open monitor socket$"
        r"|command 'qm (?:suspend|resume) \d+ [^']*' failed: |query-proxmox-support returned empty value$"
        r"|(?:VM \d+ qmp command '[\w-]+' failed - )?unable to connect to VM \d+ qmp socket - timeout after \d+ retries$",
        "vm_not_answering",
    ),
    (r"VM \d+ not running$", "vm_stopped"),
    (
        r"VM \d+ qmp command '[\w-]+' failed - (?:client closed connection|VM \d+ not running"
        r"|unable to (?:open monitor socket|connect to VM))",
        "vm_stopped",
    ),
    (r"unable to connect to VM \d+ qmp socket - ", "vm_stopped"),
    (
        r"VM \d+ qmp command '[\w-]+' failed - (?:previous backup (?:for target '[^']*' )?not finished"
        r"|Node '[^']*' is busy: block device is in use by block job: backup)$",
        "vm_backup_unfinished",
    ),
    (
        r"(?:PBS backups are|backups access API required for external provider backup is) not supported by the running QEMU"
        r" version|master key configured but running QEMU version does not support"
        r"|disk '[^']+' '[^']+' \(iothread=on\) can't use backup feature\b",
        "vm_runs_old_qemu",
    ),
    (
        r".*\b(?:appending cbw node for fleecing|setting up snapshot access for fleecing) failed: "
        r"|attaching fleecing image \S+ failed\b|adding blockdev '[^']*-fleecing' failed : "
        r"|(?:rbd create|disk image) '[^']*-fleece-\d+[^']*' (?:error: |already exists)"
        r"|zfs error: cannot create '[^']*-fleece-\d+': (?!out of space)"
        r"|lvcreate '[^']*-fleece-\d+' error: (?!.*(?:free space|reached threshold))",
        "fleecing_failed",
    ),
    (
        r"lvcreate '[^']*-fleece-\d+' error: |zfs error: cannot create '[^']*-fleece-\d+': out of space$"
        r"|not enough free space \(\d+ < \d+\)$",
        "fleecing_full",
    ),
    (
        r"job failed with err -125 - |backup canceled$|got (?:unexpected|no) uuid(?: for backup task)?$"
        r"|got unexpected status '",
        "backup_broken_off",
    ),
    (r"attaching TPM drive failed\b|adding blockdev '[^']*tpmstate[^']*' failed : ", "tpm_not_attached"),
    (r"VM quit/powerdown failed\b|command 'qm shutdown \d+ [^']*' failed: ", "vm_stop_failed"),
)

# PVE/VZDump/QemuServer.pm (archive_vma), PVE/VZDump.pm (exec_backup_task), and vma and the packers themselves
_PACKER_ENDED: Final[Table] = (
    (
        r"(?:zstd|gzip|pigz|lzop)\b[^']* failed - wrong exit status 127$|fork compressor '[^']+' failed$"
        r"|/bin/(?:ba)?sh: line \d+: \S+: command not found$",
        "packer_missing",
    ),
    (r"(?:zstd|gzip|pigz|lzop)\b[^']* failed - wrong exit status \d+ \(signal (?:9|15)\)$", "command_killed"),
    (rf"(?:job failed with err -11 - |vma_queue_write: write error - |{_PACKER}: .*: ){_AGAIN}$", "share_lost"),
    (
        r"vma_queue_write: write error - Broken pipe$|vma_writer_\w+: |(?:zstd|gzip|pigz|lzop)\b[^']* failed - wrong exit"
        r" status \d+|close output file handle failed$|unable to rename '[^']+' to '[^']+'$"
        r"|command '/usr/bin/vma create .*' failed: (?!got signal (?:9|15)$)",
        "archive_not_written",
    ),
)

_IN_CONTAINER: Final = r"(?:set -o pipefail && )?(?:lxc-usernsexec (?:-m \S+ )+-- )?"

# PVE/VZDump/LXC.pm (prepare, archive, rsync_vm), PVE/LXC.pm (mountpoint_mount, vm_start, vm_stop), PVE/Cmd.pm (run)
_CONTAINER: Final[Table] = (
    # What tar says of a file that it cannot read; the failure itself has the whole command
    (r"tar: .*: Cannot (?:open|stat|savedir|chdir|readlink)\b", "tar_failed"),
    (rf"command '{_IN_CONTAINER}tar cpf - .*' failed: exit code 70$", "archive_not_written"),
    (rf"command '{_IN_CONTAINER}tar cpf - .*' failed: exit code 127$", "packer_missing"),
    (rf"command '{_IN_CONTAINER}tar cpf - .*' failed: exit code \d+$", "tar_failed"),
    (
        rf"command '{_IN_CONTAINER}/usr/bin/proxmox-backup-client backup .*' failed: exit code \d+$",
        "pbs_client_failed",
    ),
    (r"command 'rsync .*' failed: exit code \d+$", "copy_failed"),
    (r"command 'mount .*' failed: exit code \d+$", "snapshot_not_mounted"),
    (r"command '.*' failed: got signal (?:9|15)$", "command_killed"),
    (
        r"command 'lxc-freeze .*' failed: |command failed: |trying to freeze container: container not running$"
        r"|(?:failed to (?:connect to|send to|read from)|short (?:read|write) on) command socket\b"
        r"|failed to (?:open|reopen|rewind) \S*cgroup\.events file: ",
        "container_freeze_failed",
    ),
    (r"mount point '/mnt/vzsnap0' (?:not empty|is not a directory)$", "mount_point_in_use"),
    (r"unable to get PID for CT (?P<guest>\d+) \(not running\?\)$", "container_stopped"),
    (r"startup for container '(?P<guest>\d+)' failed$", "container_start_failed"),
    (
        r"command '(?:/usr/bin/)?lxc-stop .*' failed: |container did not stop$|failed to open container \d+'s command socket: ",
        "container_stop_failed",
    ),
    (
        r"command '(?:/sbin/)?(?:vgs|lvs|pvs|lvchange|vgchange|lvremove) .*' failed: |lvremove '[^']*' error: "
        r"|activate_volume '[^']*' error: ",
        "lvm_failed",
    ),
    (r"command '(?:/sbin/)?z(?:fs|pool) .*' failed: ", "zfs_failed"),
    (r"command '(?:/usr/bin/)?rbd .*' failed: ", "ceph_failed"),
    (r"command '.*' failed: got timeout$", "command_timeout"),
)

# PVE/AbstractConfig.pm (snapshot_create) and in PVE/Storage: Plugin.pm, LvmThinPlugin.pm, LVMPlugin.pm, ZFSPoolPlugin.pm,
# RBDPlugin.pm; the words after "error: " are those of lvcreate, zfs and rbd
_DISKS: Final[Table] = (
    (r"zfs error: cannot create snapshot '(?P<pool>[^/@']+)(?:[/@][^']*)?': out of space$", "no_space_for_snapshot"),
    (
        r"lvcreate snapshot '[^']+' error: .*free space in thin pool (?P<pool>\S+) reached threshold",
        "no_space_for_snapshot",
    ),
    (
        r"snapshot name 'vzdump' already used$|(?:lvcreate snapshot|rbd snapshot|zfs error: cannot create snapshot) '[^']+'"
        r"(?: error)?: .*(?:already exists|File exists)",
        "snapshot_left_over",
    ),
    (
        r"snapshot feature is not available$|mode failure - some volumes do not support snapshots$|can't snapshot (?:this"
        r" image format|'[^']*' volume)$|volume snapshot is not possible\b|snapshot file/device '[^']+' is not possible$"
        r"|cannot mount subvol snapshots for storage type '|unknown snapshot path for '",
        "snapshot_unsupported",
    ),
    (r"volume '(?P<disk>[^']+)' does not exist$", "disk_missing"),
    (r"no such volume '(?P<disk>[^']+)'$", "disk_missing"),
    (r"no such logical volume (?P<disk>[^\s']+)$", "disk_missing"),
    (r"zfs error: cannot open '(?P<disk>[^']+)': (?:dataset does not exist|no such pool)", "disk_missing"),
    (r"rbd error: rbd: error opening image (?P<disk>[^\s:]+): \(2\) No such file or directory$", "disk_missing"),
    (
        r"unable to parse (?:volume ID|volume filename|(?:directory|zfs|lvm|rbd|iscsi) volume name) '(?P<disk>[^']+)'$",
        "disk_name_invalid",
    ),
    (r"cannot determine size(?: and format)? of volume '(?P<disk>[^']+)' - ", "disk_not_readable"),
    (r"could not determine size of drive '(?P<disk>[^']+)'$", "disk_not_readable"),
    (r"activating LV '(?P<disk>[^']+)' failed\b", "disk_not_readable"),
    (r"can't (?:activate|refresh) LV '(?P<disk>[^']+)'", "disk_not_readable"),
    (r"timeout: no zvol device link for '(?P<disk>[^']+)' found", "disk_not_readable"),
    (r"aborting wait - device '(?P<disk>[^']+)' still not readable$", "disk_not_readable"),
    (r"failed to setup loop device for (?P<disk>\S+)$", "disk_not_readable"),
    (r"(?:can't get size of|file_size_info on) '(?P<disk>[^']+)'", "disk_not_readable"),
    (r"zfs error: .*pool I/O is currently suspended$", "zfs_suspended"),
)

# The operating system's words for an error, which Proxmox puts after the name of what it was about
_SYSTEM: Final[Table] = (
    (r"No space left on device", "no_space"),
    (r"Disk quota exceeded", "quota_exceeded"),
    (r"Stale (?:NFS )?file handle", "share_stale"),
    (r"(?:Host is down|Transport endpoint is not connected|Connection timed out|No route to host)", "share_lost"),
    (r"Read-only file system", "read_only"),
    (r"(?:Input/output error|No data available|Remote I/O error)", "disk_error"),
    (r"Permission denied", "write_refused"),
    (r"File too large", "file_too_large"),
    (r"Cannot allocate memory", "no_memory"),
)

# What is known of a text by its start alone
_AT_LAST: Final[Table] = (
    (_NAMED, "storage_not_activated"),
    (r"could not get storage information for '(?P<storage>[^']+)': ", "storage_not_activated"),
    (r"(?P<storage>[A-Za-z][\w.-]*): unknown iscsi provider\. ", "storage_not_activated"),
    (r"VM \d+ qmp command '(?P<command>[\w-]+)' failed - ", "qmp_failed"),
    (r"start failed: ", "vm_start_failed"),
    (r"unable to create image: ", "fleecing_failed"),
    (r"got timeout$", "command_timeout"),
    (
        r"lvcreate snapshot '|rbd snapshot '|zfs error: cannot create snapshot '|unable to read vzdump snapshot config"
        r"|create storage snapshot 'vzdump'$",
        "snapshot_failed",
    ),
    (r"zfs error: |Timeout: no zvol after ", "zfs_failed"),
    (
        r"rbd error: |can't (?:map|mount|unmap) rbd (?:volume|device) "
        r"|could not (?:disable|enable) krbd-(?:in)?compatible image features\b",
        "ceph_failed",
    ),
    (r"job failed with err -\d+ - ", "backup_broken_off"),
    # The folder of the archive is gone in the midst of its backup
    (r"unable to open (?:file )?'[^']*/dump/vzdump-[^']*' - No such file or directory$", "share_lost"),
)


def _all() -> Iterable[ErrorText]:
    yield from of(_TASK, _JOB, _VZDUMP, _PROVIDER, _STORAGE, server_patterns.HERE)
    yield from of(server_patterns.ANSWERS, after=server_patterns.PASSED_ON)
    yield from of(server_patterns.READ_BY_CLIENT, server_patterns.ANSWERS[:-1], after=server_patterns.CLIENT_SAYS)
    yield from of(_LOCKS, _CLUSTER, _QEMU, START, _PACKER_ENDED, _CONTAINER, _DISKS)
    yield from of(tuple((rf"(?:.*(?: - |: ))?{error}(?: \((?:os error )?\d+\))?$", code) for error, code in _SYSTEM))
    yield from of(tuple((rf"{_PACKER}: .*\({error}\)$", code) for error, code in _SYSTEM))
    yield from of(_AT_LAST)


PATTERNS: Final = tuple(_all())

_WRITING: Final = frozenset({code for _, code in _SYSTEM} | {"packer_missing", "command_missing"})
_OF_THE_SERVER: Final = frozenset(
    {code for table in (server_patterns.ANSWERS[:-1], server_patterns.HERE) for _, code in table}
)
EXPLAINED_BY: Final = {
    "archive_not_written": _WRITING,
    "tar_failed": _WRITING,
    "copy_failed": _WRITING,
    "pbs_client_failed": _WRITING | _OF_THE_SERVER,
    "backup_broken_off": _WRITING | _OF_THE_SERVER,
    "prune_failed": frozenset({"prune_not_allowed"}),
    "vm_start_failed": frozenset({code for _, code in START} | {"disk_error", "disk_missing", "no_memory"})
    - {"vm_start_failed"},
    "backup_folder_failed": frozenset({"no_space"}),
}
"""The causes that only say what failed, each with those that can tell why: a line of the log that comes before tells them."""
UNKNOWN_IS_EXPLAINED_BY: Final = _WRITING | {"vm_start_failed", "snapshot_failed"}
"""What can be behind a text that is not known at all."""
