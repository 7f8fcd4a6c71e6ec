r"""The error texts of Proxmox, each with the code of its cause; the first that fits is taken.

Every pattern starts at the start of the text, and ends at its end where it closes with `$`. What stands in quotation marks
is a name or path that a user chose, so no pattern looks for words inside of them. The groups of all patterns of one code are
the blanks of its sentences. No pattern takes more than one part of any length, so the time to try it grows with the text's
length and no faster.
"""

from collections.abc import Iterable
from dataclasses import dataclass
import re
from typing import Final

type _Table = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class ErrorText:
    """The form of an error text and the code of its cause; `after` is the form of what comes before the text."""

    form: re.Pattern[str]
    code: str
    after: re.Pattern[str] | None = None

    def match(self, text: str) -> re.Match[str] | None:
        """Return the match of a text that has this form, else None."""
        if self.after is None:
            return self.form.match(text)
        before = self.after.match(text)
        return self.form.match(text, before.end()) if before else None


_ACTIVATE: Final = r"(?:could not activate storage '[^']+': )?"
_NAMED: Final = r"could not activate storage '(?P<storage>[^']+)': "
_INFORMATION: Final = r"(?:could not get storage information for '[^']+': )?"

# PVE/UPID.pm (read_status), PVE/Tools.pm (upid_read_status), PVE/RESTEnvironment.pm (fork_worker), PVE/API2/VZDump.pm
_TASK: Final[_Table] = (
    (r"job errors$", "guests_failed"),
    (
        r"(?:VM \d+ (?:qmp|qga) command '[^']+' failed - )?(?:interrupted by (?:unexpected )?signal\b|received interrupt\b)",
        "cancelled",
    ),
    (
        r"unexpected status$|unable to read tail \(got 0 bytes\)|unable to get last line from task log - ",
        "run_vanished",
    ),
)

# PVE/Jobs.pm (run_jobs, read_job_state, get_job_task_status), PVE/VZDump.pm (get_included_guests), PVE/RPCEnvironment.pm,
# PVE/Exception.pm
_JOB: Final[_Table] = (
    (r"(?:could not update job state, skipping - )?no such task$", "task_log_missing"),
    (r"(?:could not update job state, skipping - )?invalid json data in '", "job_state_broken"),
    (r"can't lock file '/var/lock/pve-manager/vzdump-[^']*' - ", "job_state_locked"),
    (r"pool '(?P<pool>[^']+)' does not exist$", "pool_missing"),
    (r"(?:403 )?Permission check failed \((?P<path>/[^,]*), (?P<privilege>[^)]+)\)", "permission_missing"),
    (
        r"(?:400 )?Parameter verification failed\b|cannot use options 'storage' and '(?:stdout|dumpdir)' at the same time$"
        r"|strange VM ID '|unable to pipe backup to stdout$",
        "job_invalid",
    ),
)

# PVE/VZDump.pm (getlock, exec_backup_task, run_hook_script, send_notification), PVE/Storage/Plugin.pm (prune_backups),
# PVE/AbstractConfig.pm (load_config)
_VZDUMP: Final[_Table] = (
    (
        r"can't acquire lock '/(?:var/)?run/vzdump\.lock' (?:- got timeout|\(wait = 0\))|got unexpected control message:",
        "node_lock_timeout",
    ),
    (r"unable to find VM '(?P<guest>\d+)'$", "guest_deleted"),
    (r"unable to find configuration file for VM (?P<guest>\d+) on node '(?P<node>[^']+)'", "guest_gone"),
    (
        r"Configuration file 'nodes/(?P<node>[^/']+)/(?:qemu-server|lxc)/(?P<guest>\d+)\.conf' does not exist$",
        "guest_gone",
    ),
    (r"Cannot execute a backup with stop mode on a HA managed and enabled Service\b", "stop_mode_with_ha"),
    (r"There is a max backup limit of (?P<limit>\d+) enforced by the target storage\b", "backup_limit"),
    (
        r"The number of protected backups per guest is limited to (?P<limit>\d+) on storage '(?P<storage>[^']+)'",
        "protected_limit",
    ),
    (r"unable to create temporary directory '[^']*/vzdump-[^'/]*\.tmp/?'", "backup_folder_failed"),
    (r"unable to create (?:temporary directory|log file) '", "working_folder_failed"),
    (r"(?:dump|tmp)dir '(?P<folder>[^']+)' does not exist", "folder_missing"),
    (r"unable to find command '(?P<command>[^']+)'$", "command_missing"),
    (r"need '(?P<command>[^']+)' binary from package ", "command_missing"),
    (r"Error: The hook script '(?P<script>[^']+)' does not exist\.", "hook_missing"),
    (r"Error: The hook script '(?P<script>[^']+)' is not executable\.", "hook_not_executable"),
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
_PROVIDER: Final[_Table] = (
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
_STORAGE: Final[_Table] = (
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
    (_ACTIVATE + _INFORMATION + r"storage '(?P<storage>[^']+)' does not exist\b", "storage_missing"),
    (
        _INFORMATION + r"can't use storage '(?P<storage>[^']+)' for backups - wrong content type",
        "storage_without_backups",
    ),
    (r"storage '(?P<storage>[^']+)' does not support backups$", "storage_without_backups"),
    (
        _ACTIVATE + r"connection check for storage '(?P<storage>[^']+)' failed - .*\bNT_STATUS_(?:ACCESS_DENIED"
        r"|LOGON_FAILURE|INVALID_PARAMETER)\b",
        "share_login_refused",
    ),
    (_NAMED + r"mount error: mount\.nfs4?: access denied by server\b", "share_access_refused"),
    (_NAMED + r"mount error: ", "share_mount_failed"),
    (_NAMED + r"(?:failed to create content directory '|mkdir /)", "storage_not_writable"),
    (r"could not activate storage '(?P<storage>[^']+)', ", "zfs_pool_missing"),
    (_ACTIVATE + r"no such volume group '(?P<group>[^']+)'", "volume_group_missing"),
)

# Who passes on an answer of the Proxmox Backup Server: PVE/Storage/PBSPlugin.pm (activate_storage, list_volumes),
# PVE/PBSClient.pm (run_client_cmd), and for VMs pve-qemu's pve-backup.c with proxmox-backup-qemu's commands.rs
_PBS: Final = (
    r"(?:(?:could not activate storage '[^']+': )?(?:[^\s:']+: )?error (?:fetching datastores|listing snapshots) - "
    r"|(?:VM \d+ qmp command '[\w-]+' failed - )?backup (?:connect|add_config \S+|register image|write data|close image"
    r"|finish) failed: command error: "
    r"|proxmox-backup-client failed: (?:.* )?Error: )"
)
# So the client's own words stand in the log of a container's backup
_PBS_CLIENT_SAYS: Final = r"Error: "

# proxmox-backup: pbs-client/src/http_client.rs, src/api2/backup/, pbs-datastore/src/, pbs-api-types/src/maintenance.rs;
# for the connection also PVE/APIClient/LWP.pm and the words of the operating system
_PBS_ANSWERS: Final[_Table] = (
    (
        r".*(?:Name or service not known|Temporary failure in name resolution|No address associated with hostname"
        r"|failed to lookup address information)",
        "pbs_name_unknown",
    ),
    (r".*\bConnection refused\b", "pbs_refused"),
    (
        r".*(?:No route to host|Network is unreachable|Host is down|Connection timed out|deadline has elapsed)",
        "pbs_unreachable",
    ),
    (r"(?:500 read timeout|http (?:upgrade |download )?request timed out|.*\btimed out$)", "pbs_too_slow"),
    (
        r"(?:.*pipelined request failed: (?:connection (?:reset|error|closed)|broken pipe|stream)"
        r"|.*\b(?:connection reset|connection closed before|broken pipe))",
        "pbs_connection_lost",
    ),
    (
        r"(?:fingerprint '[^']+' not verified, abort!"
        r"|.*(?:[Ff]ingerprint was not confirmed|certificate verify failed|hostname verification failed))",
        "pbs_fingerprint",
    ),
    (r"(?:401 |.*\b(?:authentication failed|invalid ticket|invalid credentials))", "pbs_login_refused"),
    (
        r"(?:permission check failed - missing (?P<privilege>\S+) on (?P<path>/\S+))",
        "pbs_permission_missing",
    ),
    (r".*\bmissing permissions '(?P<privilege>[^']+)' on '(?P<path>[^']+)'", "pbs_permission_missing"),
    (r"(?:403 |permission check failed\b)", "pbs_permission_refused"),
    (r"backup owner check failed \((?P<user>\S+) != (?P<owner>[^)]+)\)", "pbs_other_owner"),
    (
        r"datastore '(?P<datastore>[^']+)' is in (?P<mode>[\w-]+) maintenance mode",
        "pbs_maintenance",
    ),
    (r"(?:404 )?namespace (?:not found|'[^']*' does not exist)", "pbs_namespace_missing"),
    (r"datastore '(?P<datastore>[^']+)' is in datastore is being deleted", "pbs_datastore_missing"),
    (r"(?:400 |404 )?no such datastore '(?P<datastore>[^']+)'", "pbs_datastore_missing"),
    (r"datastore '[^']+' is not mounted|unable to open chunk store\b", "pbs_datastore_not_mounted"),
    (r"(?:.*[:-] )?No space left on device(?: \(os error 28\))?$", "pbs_full"),
    (
        r"(?:.*[:-] )?(?:Permission denied|Read-only file system)(?: \(os error \d+\))?$",
        "pbs_not_writable",
    ),
    (r"(?:.*[:-] )?Input/output error(?: \(os error \d+\))?$", "pbs_disk_error"),
    (r"unable to acquire lock\b|unable to acquire \S+ \S+ lock\b|base snapshot is already locked\b", "pbs_group_busy"),
    (r"backup timestamp is older than last backup|backup directory already exists", "pbs_clock_wrong"),
    (r"wrong key - manifest's key ", "pbs_key_changed"),
    (r"previous backup has different size than current state", "disk_size_changed"),
    (
        r"(?:previous backup checksum doesn't match session cache|no previous backups? (?:found|in this session),"
        r"|base snapshot .* was removed during backup)",
        "pbs_previous_unusable",
    ),
    (r"", "pbs_failed"),
)

# PVE/Storage/PBSPlugin.pm, PVE/PBSClient.pm, PVE/VZDump/QemuServer.pm (get_and_check_pbs_encryption_config)
_PBS_HERE: Final[_Table] = (
    (
        _ACTIVATE + r"[^\s:']+: Cannot find datastore '(?P<datastore>[^']+)', check permissions and existence!",
        "pbs_datastore_missing",
    ),
    (
        r"encryption configured \('[^']*'\) but no encryption key file found!|failed to open encryption key: "
        r"|master public key configured but no key file found",
        "pbs_key_missing",
    ),
    (r"executable not found '/\S*/proxmox-backup-client'!", "pbs_client_missing"),
)

# PVE/AbstractConfig.pm (check_lock), PVE/Tools.pm (lock_file), PVE/GuestHelpers.pm, PVE/QemuConfig.pm, PVE/LXC/Config.pm
_LOCKS: Final[_Table] = (
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
_CFS_LOCK: Final = r"(?:cfs-lock|error with cfs lock|error during cfs-locked) '[^']+'(?: error| operation)?: "
_CFS_FILE: Final = (
    r"(?:(?:unable to (?:open|write|create|rename|delete|unlink) (?:file )?|closing file |close \(rename\) atomic file )"
    r"'/etc/pve/[^']*'(?: to '[^']*')?(?: failed)?(?: -|:)|mkdir /etc/pve/[^ ]*:) "
)

# PVE/Cluster.pm (check_cfs_quorum, check_cfs_is_mounted, cfs_lock)
_CLUSTER: Final[_Table] = (
    (rf"cluster not ready - no quorum\?$|{_CFS_LOCK}no quorum!$|{_CFS_FILE}Permission denied$", "no_quorum"),
    (
        rf"{_CFS_LOCK}got lock (?:request )?timeout$|'[^']+'-locked command timed out - aborting$",
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
_QEMU: Final[_Table] = (
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
        r"|unable to connect to VM \d+ qmp socket - timeout after \d+ retries$",
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
        r"VM \d+ qmp command '[\w-]+' failed - previous backup (?:for target '[^']*' )?not finished$",
        "vm_backup_unfinished",
    ),
    (
        r"(?:PBS backups are|backups access API required for external provider backup is) not supported by the running QEMU"
        r" version|master key configured but running QEMU version does not support",
        "vm_runs_old_qemu",
    ),
    (
        r".*\b(?:appending cbw node for fleecing|setting up snapshot access for fleecing) failed: "
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
    (r"(?:start failed: )?PCI device '(?P<device>[^']+)' already in use by VMID '(?P<guest>\d+)'", "pci_device_in_use"),
    (
        r"timeout waiting on systemd$|org\.freedesktop\.(?:DBus|systemd1)\.[\w.]+: |starting kvm to execute backup task$"
        r"|unable to connect to qmeventd socket \(vmid: \d+\) - |MAX \d+ vcpus allowed per VM on this node$"
        r"|KVM virtualisation configured, but not available\.|QEMU exited with code \d+$|VM \d+ already running$",
        "vm_start_failed",
    ),
    (r"VM quit/powerdown failed\b", "vm_stop_failed"),
    (
        r"(?:zstd|gzip|pigz|lzop)\b[^']* failed - wrong exit status 127$|fork compressor '[^']+' failed$"
        r"|/bin/(?:ba)?sh: line \d+: \S+: command not found$",
        "packer_missing",
    ),
    (r"(?:zstd|gzip|pigz|lzop)\b[^']* failed - wrong exit status \d+ \(signal (?:9|15)\)$", "command_killed"),
    (rf"(?:job failed with err -11 - |vma_queue_write: write error - |{_PACKER}: .*: ){_AGAIN}$", "share_lost"),
    (
        r"vma_queue_write: write error - Broken pipe$|vma_writer_\w+: |(?:zstd|gzip|pigz|lzop)\b[^']* failed - wrong exit"
        r" status \d+|close output file handle failed$|unable to rename '[^']+' to '[^']+'$",
        "archive_not_written",
    ),
)

_IN_CONTAINER: Final = r"(?:set -o pipefail && )?(?:lxc-usernsexec (?:-m \S+ )+-- )?"

# PVE/VZDump/LXC.pm (prepare, archive, rsync_vm), PVE/LXC.pm (mountpoint_mount, vm_start, vm_stop), PVE/Cmd.pm (run)
_CONTAINER: Final[_Table] = (
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
    (r"mount point '/mnt/vzsnap0' (?:not empty|is not a directory)$", "mount_point_in_use"),
    (r"unable to get PID for CT (?P<guest>\d+) \(not running\?\)$", "container_stopped"),
    (r"startup for container '(?P<guest>\d+)' failed$", "container_start_failed"),
    (r"command '(?:/usr/bin/)?lxc-stop .*' failed: |container did not stop$", "container_stop_failed"),
    (
        r"command '(?:/sbin/)?(?:vgs|lvs|pvs|lvchange|vgchange|lvremove) .*' failed: |lvremove '[^']*' error: ",
        "lvm_failed",
    ),
    (r"command '(?:/sbin/)?z(?:fs|pool) .*' failed: ", "zfs_failed"),
    (r"command '(?:/usr/bin/)?rbd .*' failed: ", "ceph_failed"),
    (r"command '.*' failed: got timeout$", "command_timeout"),
)

# PVE/AbstractConfig.pm (snapshot_create) and in PVE/Storage: Plugin.pm, LvmThinPlugin.pm, LVMPlugin.pm, ZFSPoolPlugin.pm,
# RBDPlugin.pm; the words after "error: " are those of lvcreate, zfs and rbd
_DISKS: Final[_Table] = (
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
        r" image format|'[^']*' volume)$|volume snapshot is not possible\b",
        "snapshot_unsupported",
    ),
    (r"volume '(?P<disk>[^']+)' does not exist$", "disk_missing"),
    (r"no such volume '(?P<disk>[^']+)'$", "disk_missing"),
    (r"no such logical volume (?P<disk>[^\s']+)$", "disk_missing"),
    (r"zfs error: cannot open '(?P<disk>[^']+)': (?:dataset does not exist|no such pool)", "disk_missing"),
    (r"cannot determine size(?: and format)? of volume '(?P<disk>[^']+)' - ", "disk_not_readable"),
    (r"could not determine size of drive '(?P<disk>[^']+)'$", "disk_not_readable"),
    (r"activating LV '(?P<disk>[^']+)' failed\b", "disk_not_readable"),
    (r"can't (?:activate|refresh) LV '(?P<disk>[^']+)'", "disk_not_readable"),
    (r"timeout: no zvol device link for '(?P<disk>[^']+)' found", "disk_not_readable"),
    (r"zfs error: .*pool I/O is currently suspended$", "zfs_suspended"),
)

# The operating system's words for an error, which Proxmox puts after the name of what it was about
_SYSTEM: Final[_Table] = (
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
_AT_LAST: Final[_Table] = (
    (_NAMED, "storage_not_activated"),
    (r"could not get storage information for '(?P<storage>[^']+)': ", "storage_not_activated"),
    (r"VM \d+ qmp command '(?P<command>[\w-]+)' failed - ", "qmp_failed"),
    (r"start failed: ", "vm_start_failed"),
    (
        r"lvcreate snapshot '|rbd snapshot '|zfs error: cannot create snapshot '|unable to read vzdump snapshot config",
        "snapshot_failed",
    ),
    (r"zfs error: ", "zfs_failed"),
    (r"rbd error: |can't map rbd volume ", "ceph_failed"),
    (r"job failed with err -\d+ - ", "backup_broken_off"),
    # The folder of the archive is gone in the midst of its backup
    (r"unable to open (?:file )?'[^']*/dump/vzdump-[^']*' - No such file or directory$", "share_lost"),
)


def _all() -> Iterable[ErrorText]:
    def of(*tables: _Table, after: re.Pattern[str] | None = None) -> Iterable[ErrorText]:
        return (ErrorText(re.compile(form), code, after) for table in tables for form, code in table)

    yield from of(_TASK, _JOB, _VZDUMP, _PROVIDER, _STORAGE, _PBS_HERE)
    yield from of(_PBS_ANSWERS, after=re.compile(_PBS))
    yield from of(_PBS_ANSWERS[:-1], after=re.compile(_PBS_CLIENT_SAYS))
    yield from of(_LOCKS, _CLUSTER, _QEMU, _CONTAINER, _DISKS)
    yield from of(tuple((rf"(?:.*(?: - |: ))?{error}(?: \((?:os error )?\d+\))?$", code) for error, code in _SYSTEM))
    yield from of(tuple((rf"{_PACKER}: .*\({error}\)$", code) for error, code in _SYSTEM))
    yield from of(_AT_LAST)


PATTERNS: Final = tuple(_all())

_WRITING: Final = frozenset({code for _, code in _SYSTEM} | {"packer_missing", "command_missing"})
_OF_THE_SERVER: Final = frozenset({code for table in (_PBS_ANSWERS[:-1], _PBS_HERE) for _, code in table})
EXPLAINED_BY: Final = {
    "archive_not_written": _WRITING,
    "tar_failed": _WRITING,
    "copy_failed": _WRITING,
    "pbs_client_failed": _WRITING | _OF_THE_SERVER,
    "backup_broken_off": _WRITING | _OF_THE_SERVER,
    "prune_failed": frozenset({"prune_not_allowed"}),
    "backup_folder_failed": frozenset({"no_space"}),
}
"""The causes that only say what failed, each with those that can tell why: a line of the log that comes before tells them."""
UNKNOWN_IS_EXPLAINED_BY: Final = _WRITING | {"vm_start_failed"}
"""What can be behind a text that is not known at all."""
