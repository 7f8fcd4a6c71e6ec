"""Error texts of Proxmox lead to a cause that a home user understands."""

from collections.abc import Iterator, Mapping
import json
from pathlib import Path
import re
import string
import time

import pytest

import custom_components.proxmox_backup_checker as integration
from custom_components.proxmox_backup_checker.proxmox.vzdump.failure_cause import Cause, cause_of
from custom_components.proxmox_backup_checker.proxmox.vzdump.failure_patterns import PATTERNS
from custom_components.proxmox_backup_checker.texts.catalogue import filled

from . import start_texts

DATA = Path(__file__).parents[2] / "data" / "vzdump"
FOLDER = Path(integration.__path__[0]) / "texts"
WORDS: dict[str, dict[str, dict[str, str]]] = {
    path.stem.removeprefix("causes_"): json.loads(path.read_text(encoding="utf-8"))
    for path in sorted(FOLDER.glob("causes_*.json"))
}
TAR = (
    "command 'set -o pipefail && lxc-usernsexec -m u:0:100000:65536 -m g:0:100000:65536 -- tar cpf - --totals"
    " --one-file-system -p --sparse --numeric-owner --acls --xattrs '--xattrs-include=user.*' '--directory=/mnt/vzsnap0'"
    " --no-anchored '--exclude=lost+found' --anchored '--exclude=./tmp/?*' ./ | zstd '--threads=1'"
    " >/mnt/pve/nas/dump/vzdump-lxc-200-2025_08_21-21_30_03.tar.dat' failed: "
)
CONNECT = "VM 101 qmp command 'backup' failed - backup connect failed: command error: "
UPLOAD = "backup write data failed: command error: write_data upload error: pipelined request failed: "
CLIENT = "proxmox-backup-client failed: Error: "
PBS1 = "could not activate storage 'pbs1': pbs1: error fetching datastores - "
STALE = "could not update job state, skipping - "

# As Proxmox prints them: from logs that users published, or put together as its source does.
TEXTS: dict[str, tuple[str, ...]] = {
    "guests_failed": ("job errors",),
    "cancelled": (
        "interrupted by signal",
        "received interrupt",
        "interrupted by unexpected signal",
        "VM 100 qmp command 'query-backup' failed - interrupted by signal",
        "can't acquire lock '/var/run/vzdump.lock' - interrupted by signal",
    ),
    "run_vanished": (
        "unexpected status",
        "unable to read tail (got 0 bytes)",
        "unable to get last line from task log - unable to open file - No such file or directory",
    ),
    "task_log_missing": ("no such task", f"{STALE}no such task"),
    "job_state_broken": (f"{STALE}invalid json data in '/var/lib/pve-manager/jobs/vzdump-backup-1a2b.json'",),
    "job_state_locked": (
        "can't lock file '/var/lock/pve-manager/vzdump-backup-1a2b.lck' - can't open file - No such file or directory",
    ),
    "pool_missing": ("pool 'production' does not exist",),
    "permission_missing": ("403 Permission check failed (/storage/nas, Datastore.AllocateSpace)",),
    "job_invalid": (
        "400 Parameter verification failed. prune-backups: invalid format",
        "cannot use options 'storage' and 'dumpdir' at the same time",
        "strange VM ID 'x'",
        "unable to pipe backup to stdout",
        "you can only backup a single VM with option --stdout",
        "cannot have 'maxfiles' and 'prune-backups' configured at the same time",
    ),
    "node_lock_timeout": (
        "can't acquire lock '/var/run/vzdump.lock' - got timeout",
        "can't aquire lock '/var/run/vzdump.lock' - got timeout",
        "can't acquire lock '/var/run/vzdump.lock' (wait = 0) at /usr/share/perl5/PVE/VZDump.pm line 776.",
        "got unexpected control message:",
        "got unexpected control message:  ",
    ),
    "guest_deleted": ("unable to find VM '999'",),
    "guest_gone": (
        "unable to find configuration file for VM 104 on node 'pve1'",
        "Configuration file 'nodes/pve1/qemu-server/104.conf' does not exist",
    ),
    "stop_mode_with_ha": (
        "Cannot execute a backup with stop mode on a HA managed and enabled Service. Use snapshot mode or disable the"
        " Service.",
    ),
    "backup_limit": (
        "There is a max backup limit of 3 enforced by the target storage or the vzdump parameters. Either increase the"
        " limit or delete old backups.",
        "There is a max backup limit of (3) enforced by the target storage or the vzdump parameters. Either increase the"
        " limit or delete old backup(s).",
        "only 1 backup(s) allowed - please consider to remove old backup files.",
    ),
    "protected_limit": ("The number of protected backups per guest is limited to 5 on storage 'nas'",),
    "working_folder_failed": (
        "unable to create log file '/var/log/vzdump/qemu-100.log' at /usr/share/perl5/PVE/VZDump.pm line 1051.",
        "unable to create temporary directory '/var/tmp/vzdumptmp9430_101' at /usr/share/perl5/PVE/VZDump.pm line 1048.",
        "unable to create temporary directory '/scratch/vzdumptmp9430_101/' at /usr/share/perl5/PVE/VZDump.pm line 1048.",
    ),
    "backup_folder_failed": (
        "unable to create temporary directory '/mnt/pve/nas/dump/vzdump-qemu-100-2025_08_21-21_30_03.tmp' at"
        " /usr/share/perl5/PVE/VZDump.pm line 1048.",
        "unable to create temporary directory '/var/lib/vz5/dump/vzdump-lxc-101-2026_11_30-17_02_13.tmp'",
    ),
    "folder_missing": (
        "dumpdir '/mnt/usb/dump' does not exist",
        "tmpdir '/mnt/scratch' does not exist",
    ),
    "command_missing": ("unable to find command 'lxc-stop'", "need 'nbdfuse' binary from package libnbd-bin"),
    "hook_missing": ("Error: The hook script '/usr/local/bin/vzdump-hook.pl' does not exist.",),
    "hook_not_executable": (
        "Error: The hook script '/usr/local/bin/vzdump-hook.pl' is not executable.",
        "The hook script '/usr/local/bin/vzdump-hook.pl' is not executable.",
    ),
    "hook_failed": (
        "command '/usr/local/bin/vzdump-hook.pl backup-start snapshot 100' failed: exit code 255",
        "command '/usr/local/bin/vzdump-hook.pl job-start' failed: exit code 1",
        "command '/usr/local/bin/vzdump-hook.pl job-init' failed: exit code 1",
        "command '/root/vzbackup-rclone/vzbackup-rclone.sh job-abort' failed: exit code 1",
    ),
    "protection_failed": ("unable to set protected flag - unable to create protection file '/mnt/a.protected'",),
    "notification_failed": (
        "could not notify via target `mail-to-root`: could not notify via endpoint(s): mail-to-root: no recipients"
        " provided for the mail, cannot send it.",
    ),
    "prune_not_allowed": (
        "prune 'ct/111': proxmox-backup-client failed: storing login ticket failed: file is locked\nError: permission check"
        " failed - missing Datastore.Modify|Datastore.Prune on /datastore/ds1",
        f"prune 'ct/111': {CLIENT}permission check failed - missing Datastore.Modify|Datastore.Prune on /datastore/ds1",
    ),
    "own_archive_pruned": ("removing backup 'nas:backup/vzdump-qemu-100-2025_08_21-21_30_03.vma.zst'",),
    "prune_failed": (
        "error pruning backups - check log",
        "error when removing backup 'nas:backup/vzdump-qemu-100-2025_08_21-21_30_03.vma.zst' - Permission denied",
        f"prune 'vm/100': {CLIENT}http request timed out",
    ),
    "provider_failed": (
        "invalid incremental mode 'x' returned by backup provider plugin",
        "job cleanup for external provider failed - gone",
        "backup init failed: illegal characters in archive name 'a b'",
        "backup init failed: did not receive a valid result from the backup provider",
        "mechanism 'nbd' requested by backup provider is not supported for containers",
        "cannot setup backup access without fleecing",
        "timeout setting up virtual file '/run/vzdump/scsi0' at /usr/share/perl5/PVE/VZDump/QemuServer.pm line 1441.",
        "unable to open backup source '/run/vzdump/scsi0' - No such file or directory",
    ),
    "storage_not_mounted": (
        "could not activate storage 'Backup': unable to activate storage 'Backup' - directory is expected to be a mount"
        " point but is not mounted: '/mnt/pve/Backup'",
    ),
    "storage_unreachable": (
        "could not activate storage 'nas': unable to activate storage 'nas' - directory '/mnt/pve/nas' does not exist or"
        " is unreachable",
    ),
    "storage_offline": ("could not activate storage 'nas': storage 'nas' is not online", "storage 'nas' is not online"),
    "storage_not_for_node": (
        "could not activate storage 'nas': storage 'nas' is not available on node 'pve2'",
        "storage 'nas' is not available on node 'pve2'",
    ),
    "storage_disabled": ("could not activate storage 'pbs-zfs-pool': storage 'pbs-zfs-pool' is disabled",),
    "storage_missing": (
        "could not activate storage 'old-nas': storage 'old-nas' does not exist could not get storage information for"
        " 'old-nas': storage 'old-nas' does not exist",
        "could not activate storage 'old-nas': storage 'old-nas' does not exist\ncould not get storage information for"
        " 'old-nas': storage 'old-nas' does not exist\n",
        "storage 'fleecing' does not exist",
        "could not activate storage 'old-nas': storage 'old-nas' does not exists",
    ),
    "storage_without_backups": (
        "could not get storage information for 'local-lvm': can't use storage 'local-lvm' for backups - wrong content"
        " type",
        "storage 'local-lvm' does not support backups",
        "could not get storage information for 'local-lvm': can't use storage type 'lvmthin' for backup",
    ),
    "storage_without_disks": (
        "storage 'nas' does not support containers",
        "storage 'nas' does not support content-type 'images'",
        "scsi0: content type 'images' is not available on storage 'nas'",
        "content type 'rootdir' is not available or configured on storage 'nas'",
    ),
    "disk_storage_down": (
        "mount error: mount.nfs: Connection timed out",
        'mount error: Job failed. See "journalctl -xe" for details.',
        "mount error: mount.nfs: access denied by server while mounting 10.0.0.5:/disks",
    ),
    "share_login_refused": (
        "could not activate storage 'nas': connection check for storage 'nas' failed - tree connect failed:"
        " NT_STATUS_ACCESS_DENIED",
        "could not activate storage 'nas': connection check for storage 'nas' failed - session setup failed:"
        " NT_STATUS_LOGON_FAILURE",
    ),
    "share_access_refused": (
        "could not activate storage 'nas': mount error: mount.nfs: access denied by server while mounting"
        " 10.0.0.5:/backup",
    ),
    "share_mount_failed": (
        "could not activate storage 'nas': mount error: mount.nfs: Connection timed out",
        "could not activate storage 'nas': mount error: Refer to the mount.cifs(8) manual page (e.g. man mount.cifs) and"
        " kernel log messages (dmesg)",
    ),
    "storage_not_writable": (
        "could not activate storage 'nas': failed to create content directory '/mnt/pve/nas/dump' for content 'backup' -"
        " Permission denied - ensure that you have read and write access to your storage!",
        "could not activate storage 'nas': mkdir /mnt/pve/nas/dump: Permission denied at"
        " /usr/share/perl5/PVE/Storage/Plugin.pm line 1410.",
    ),
    "zfs_pool_missing": ("could not activate storage 'tank', zfs error: cannot import 'tank': no such pool available",),
    "volume_group_missing": ("no such volume group 'usb'",),
    "storage_not_activated": (
        "could not activate storage 'borg': repository is locked by another host",
        "could not get storage information for 'borg': no such plugin",
        "freenas: unknown iscsi provider. Available [comstar, istgt, iet, LIO] at /usr/share/perl5/PVE/Storage/ZFSPlugin.pm"
        " line 35.",
    ),
    "pbs_datastore_missing": (
        "could not activate storage 'pbs1': pbs1: Cannot find datastore 'ds1', check permissions and existence!",
        "could not activate storage 'pbs1': pbs1: Cannot find datastore 'ds1', check permissions and existance!",
        f"{CONNECT}no such datastore 'ds1'",
        f"{CONNECT}datastore 'ds1' is in datastore is being deleted",
    ),
    "pbs_key_missing": (
        "failed to open encryption key: /etc/pve/priv/storage/pbs1.enc: Permission denied",
        "encryption configured ('1') but no encryption key file found!",
        "master public key configured but no key file found",
    ),
    "pbs_client_missing": (
        "executable not found '/usr/bin/proxmox-backup-client'! Proxmox backup client not installed?",
    ),
    "pbs_name_unknown": (
        f"{PBS1}500 Can't connect to pbs.lan:8007 (Temporary failure in name resolution)",
        f"{CONNECT}error trying to connect: failed to lookup address information: No address associated with hostname",
        f"{PBS1}500 Can't connect to pbs.lan:8007 (Name or service not known)",
    ),
    "pbs_refused": (
        f"{PBS1}500 Can't connect to 192.168.1.50:8007 (Connection refused)",
        f"{CONNECT}error trying to connect: tcp connect error: Connection refused (os error 111)",
        f"{CONNECT}client error (Connect): tcp connect error: Connection refused (os error 111)",
    ),
    "pbs_unreachable": (
        f"{CONNECT}error trying to connect: tcp connect error: Network is unreachable (os error 101)",
        f"{CONNECT}error trying to connect: tcp connect error: Host is down (os error 112)",
        f"{PBS1}500 Can't connect to 192.168.1.50:8007 (No route to host)",
        f"{PBS1}500 Can't connect to 10.6.0.15:8007 (Connection timed out)",
        f"{CONNECT}error trying to connect: tcp connect error: deadline has elapsed",
        f"{CONNECT}client error (Connect)",
        "Error: client error (Connect)",
        "Error: client error (Connect): error connecting to https://10.0.0.5:8007/ - tcp connect error: Connection timed out",
        "Error: client error (Connect): unexpected EOF",
    ),
    "pbs_too_slow": (
        f"{CLIENT}http request timed out",
        f"{UPLOAD}timed out",
        f"{PBS1}500 read timeout",
        f"{CONNECT}http upgrade request timed out",
    ),
    "pbs_connection_lost": (
        f"{UPLOAD}connection error: not connected",
        f"{UPLOAD}stream closed because of a broken pipe",
        f"{UPLOAD}connection reset",
        f"{UPLOAD}broken pipe",
        f"{CONNECT}client error (SendRequest)",
        "Error: stream received RST_STREAM: CANCEL",
    ),
    "pbs_fingerprint": (
        f"{CONNECT}error trying to connect: Certificate fingerprint was not confirmed.",
        f"{PBS1}500 Can't connect to pbs.lan:8007 (hostname verification failed)",
        f"{PBS1}fingerprint '82:B6:11' not verified, abort!",
        "Error: client error (Connect): error:0A000086:SSL routines:tls_post_process_server_certificate:certificate verify"
        " failed:../ssl/statem/statem_clnt.c:2123:",
        f"{PBS1}500 Can't connect to 10.0.0.5:8007 (certificate verify failed)",
        f"{CONNECT}error trying to connect: error:0A000086:SSL routines:tls_post_process_server_certificate:certificate"
        " verify failed:../ssl/statem/statem_clnt.c:1889:",
    ),
    "pbs_login_refused": (
        f"{CONNECT}invalid ticket - expired",
        f"{PBS1}401 Unauthorized",
        f"{CONNECT}authentication failed",
        "Error: no password input mechanism available",
    ),
    "pbs_permission_missing": (
        f"{CONNECT}permission check failed - missing Datastore.Backup on /datastore/ds1",
        f"{CONNECT}missing permissions 'Datastore.Backup' on '/datastore/ds1'",
    ),
    "pbs_permission_refused": (f"{CONNECT}permission check failed.", f"{PBS1}403 Forbidden"),
    "pbs_other_owner": (f"{CONNECT}backup owner check failed (pve@pbs!home != root@pam)",),
    "pbs_maintenance": (
        f"{CONNECT}datastore 'ds1' is in read-only maintenance mode: moving disks",
        f"{CONNECT}datastore 'ds1' is in offline maintenance mode: ",
    ),
    "pbs_namespace_missing": (
        f"{CONNECT}namespace 'home' does not exist!",
        f"{CONNECT}namespace not found",
    ),
    "pbs_datastore_not_mounted": (
        f'{CONNECT}unable to open chunk store at "/mnt/store/.chunks" - No such file or directory (os error 2)',
        f"{CONNECT}datastore 'usb' is not mounted",
        f"{UPLOAD}inserting chunk on store 'ds1' failed for 1a2b - ESTALE: Stale file handle",
    ),
    "pbs_full": (
        f"{CONNECT}No space left on device (os error 28)",
        f"{UPLOAD}inserting chunk on store 'ds1' failed - mkstemp failed: ENOSPC: No space left on device",
        f"{UPLOAD}inserting chunk on store 'ds1' failed for 1a2b - EDQUOT: Disk quota exceeded",
    ),
    "pbs_not_writable": (
        f"{CONNECT}Read-only file system (os error 30)",
        f"{CONNECT}Permission denied (os error 13)",
        f'{CONNECT}unable to open chunk store at "/mnt/ds1/.chunks" - Permission denied (os error 13)',
    ),
    "pbs_disk_error": (
        f"{UPLOAD}inserting chunk on store 'ds1' failed for 1a2b - EIO: Input/output error",
        "Error: inserting chunk on store 'ds1' failed for 1a2b - EIO: Input/output error",
    ),
    "too_many_files": ("Error: exceeded allowed number of file entries (> 1048576)",),
    "pbs_group_busy": (
        f'{CONNECT}unable to acquire backup group lock "/run/proxmox-backup/locks/ds1" - another backup is'
        " already running",
        f'{CONNECT}unable to acquire lock on backup group directory "/mnt/ds1/vm/101" - another backup is already'
        " running",
        f"{CONNECT}base snapshot is already locked by another operation",
        f'{CONNECT}unable to acquire manifest lock "/run/proxmox-backup/locks/ds1" - EAGAIN: Try again',
    ),
    "pbs_clock_wrong": (
        f"{CONNECT}backup directory already exists.",
        f"{CONNECT}backup timestamp is older than last backup.",
    ),
    "pbs_key_changed": (f"{CLIENT}wrong key - manifest's key 1a:2b does not match provided key 3c:4d",),
    "disk_size_changed": (
        "VM 101 qmp command 'backup' failed - backup register image failed: command error: previous backup has different"
        " size than current state, cannot do incremental backup (drive: drive-scsi0.img.fidx)",
    ),
    "pbs_previous_unusable": (
        "VM 101 qmp command 'backup' failed - backup register image failed: command error: no previous backups"
        " in this session, cannot do incremental backup",
        "VM 101 qmp command 'backup' failed - backup register image failed: command error: previous backup"
        " checksum doesn't match session cache, incremental backup would be out of sync (drive:"
        " drive-scsi0.img.fidx)",
        "VM 101 qmp command 'backup' failed - backup register image failed: command error: no previous backup found,"
        " cannot do incremental backup",
        "backup finish failed: command error: base snapshot vm/101/2025-08-20T20:30:04Z was removed during backup, cannot"
        " finish as chunks might be missing",
        "VM 101 qmp command 'backup' failed - backup register image failed: command error: Unable to open fixed index"
        ' "/mnt/ds1/vm/101/2025-08-20T20:30:04Z/drive-scsi0.img.fidx" - No such file or directory (os error 2)',
        "backup register image failed: command error: cannot reuse index - no valid previous backup exists",
    ),
    "pbs_failed": (
        "VM 101 qmp command 'backup' failed - backup register image failed: command error: EINVAL: Invalid argument",
    ),
    "vm_left_locked": ("VM is locked (backup)",),
    "container_left_locked": ("CT is locked (backup)",),
    "vm_locked": ("VM is locked (snapshot-delete)", "VM is locked (migrate)"),
    "container_locked": ("CT is locked (disk)",),
    "guest_busy": (
        "can't lock file '/var/lock/qemu-server/lock-101.conf' - got timeout",
        "can't lock file '/run/lock/lxc/pve-config-200.lock' - got timeout",
    ),
    "guest_moving": ("can't lock file '/var/lock/pve-manager/pve-migrate-200' - got timeout",),
    "storage_busy": ("can't lock file '/var/lock/pve-manager/pve-storage-local-lvm' - got timeout",),
    "no_quorum": (
        "cluster not ready - no quorum?",
        "cfs-lock 'file-jobs_cfg' error: no quorum!",
        "error with cfs lock 'storage-nas': no quorum!",
        "unable to open file '/etc/pve/nodes/pve1/lxc/101.conf.tmp.1024' - Permission denied",
        "unable to write '/etc/pve/nodes/pve1/qemu-server/100.conf.tmp.7' - Permission denied",
        "close (rename) atomic file '/etc/pve/nodes/pve1/qemu-server/100.conf' failed: Permission denied",
        "mkdir /etc/pve/nodes/pve1/lxc: Permission denied at /usr/share/perl5/PVE/LXC/Config.pm line 9.",
    ),
    "cluster_lock_timeout": (
        "cfs-lock 'storage-nas' error: got lock request timeout",
        "'storage-nas'-locked command timed out - aborting",
        "unable to create image: got lock timeout - aborting command",
        "unable to create image: cfs-lock 'storage-nas' error: got lock request timeout",
    ),
    "cluster_filesystem_down": (
        "cfs-lock 'file-jobs_cfg' error: pve cluster filesystem not online.",
        "pve configuration filesystem (pmxcfs) not mounted",
        "ipcc_send_rec[1] failed: Connection refused",
        "unable to open file '/etc/pve/nodes/pve1/lxc/101.conf.tmp.1024' - Transport endpoint is not connected",
    ),
    "freeze_failed": (
        "VM 101 qga command 'guest-fsfreeze-freeze' failed - got timeout",
        "VM 101 qmp command 'guest-fsfreeze-freeze' failed - got timeout",
        "unable to freeze guest fs - failed to open /srv: Permission denied",
        "querying status after freezing guest fs failed - timeout after 60 minutes",
    ),
    "thaw_failed": ("VM 101 qga command 'guest-fsfreeze-thaw' failed - got timeout",),
    "agent_silent": (
        "VM 101 QEMU guest agent is not running",
        "QEMU guest agent is not running",
        "VM 101 qga command 'guest-ping' failed - got timeout",
    ),
    "vm_not_answering": (
        "VM 111 qmp command 'backup' failed - got timeout",
        "executing QMP command to start backup failed - VM 111 qmp command 'backup' failed - got timeout",
        "unable to connect to VM 111 qmp socket - timeout after 51 retries",
        "VM 101 qmp command 'query-backup' failed - unable to connect to VM 101 qmp socket - timeout after 5957 retries",
        "executing QMP command to start backup failed - got timeout",
        "QMP command query-proxmox-support failed - VM 111 qmp command 'query-proxmox-support' failed - got timeout",
        "unable to open monitor socket",
        "command 'qm suspend 100 --skiplock' failed: exit code 255",
        "query-proxmox-support returned empty value",
    ),
    "vm_stopped": (
        "VM 101 qmp command 'query-backup' failed - unable to open monitor socket",
        "VM 101 not running",
        "VM 101 qmp command 'query-backup' failed - client closed connection",
        "unable to connect to VM 101 qmp socket - Connection refused",
    ),
    "vm_backup_unfinished": (
        "VM 101 qmp command 'backup-access-setup' failed - previous backup for target 'borg' not finished",
        "VM 101 qmp command 'backup' failed - previous backup not finished",
        "executing QMP command to start backup failed - previous backup not finished",
        "VM 101 qmp command 'backup' failed - Node 'drive-scsi0' is busy: block device is in use by block job: backup",
    ),
    "vm_runs_old_qemu": (
        "backups access API required for external provider backup is not supported by the running QEMU version."
        " Please make sure you've installed the latest  version and the VM has been restarted.",
        "master key configured but running QEMU version does not support master keys",
        "PBS backups are not supported by the running QEMU version. Please make sure you've installed the latest version"
        " and the VM has been restarted.",
        "disk 'scsi0' 'local:100/vm-100-disk-0.qcow2' (iothread=on) can't use backup feature with running QEMU version"
        " < 4.0.1! Either set backup=no for this drive or upgrade QEMU and restart VM",
    ),
    "fleecing_failed": (
        "VM 101 qmp command 'backup' failed - appending cbw node for fleecing failed: no node",
        "VM 101 qmp command 'backup' failed - drive-scsi0 - setting up snapshot access for fleecing failed: no node",
        'lvcreate \'pve/vm-101-fleece-0\' error: Logical Volume "vm-101-fleece-0" already exists in volume group "pve"',
        "zfs error: cannot create 'rpool/vm-101-fleece-0': dataset already exists",
        "rbd create 'vm-101-fleece-0' error: rbd: create error: (17) File exists",
        "disk image '/mnt/usb/images/101/vm-101-fleece-0.qcow2' already exists",
        "attaching fleecing image usb:vm-101-fleece-0 failed - Could not open '/dev/usb/vm-101-fleece-0'",
        "unable to create image: qemu-img: /mnt/usb/images/101/vm-101-fleece-0.qcow2: Invalid argument",
    ),
    "fleecing_full": (
        "not enough free space (1024 < 33554432)",
        "lvcreate 'usb/vm-101-fleece-0' error: Volume group usb has insufficient free space (10 extents): 8192"
        " required.",
        "lvcreate 'pve/vm-101-fleece-0' error: Cannot create new thin volume, free space in thin pool pve/data reached"
        " threshold.",
        "zfs error: cannot create 'rpool/vm-101-fleece-0': out of space",
    ),
    "backup_broken_off": (
        "job failed with err -95 - Operation not supported",
        "got unexpected status 'setup'",
        "got no uuid for backup task",
        "backup canceled",
        "job failed with err -125 - Operation canceled",
    ),
    "qmp_failed": ("VM 101 qmp command 'cont' failed - Resetting the Virtual Machine is required",),
    "pci_device_in_use": (
        "PCI device '0000:05:00.0' already in use by VMID '104'",
        "PCI device '0000:05:00.0' already in use by running VMID '104'",
        "start failed: PCI device '0000:05:00.0' is currently reserved for use by VMID '104'",
    ),
    "pci_device_busy": (
        "kvm: -device vfio-pci,host=01:00.0,id=hostpci0,bus=ich9-pcie-port-1,addr=0x0: vfio 0000:01:00.0: failed to open"
        " /dev/vfio/1: Device or resource busy",
    ),
    "bridge_missing": ("bridge 'vmbr1' does not exist",),
    "cpu_lacks_features": ("kvm: Host doesn't support requested features",),
    "vm_start_failed": start_texts.REFUSED,
    "vm_stop_failed": (
        "VM quit/powerdown failed - got timeout",
        "command 'qm shutdown 100 --skiplock --keepActive --timeout 600' failed: exit code 255",
    ),
    "guest_hook_failed": (
        "hookscript error for 101 on pre-start: command '/var/lib/vz/snippets/mount.sh 101 pre-start' failed: exit code 1",
        "hookscript error for 101 on pre-start: script 'nas:snippets/mount.sh' does not exist",
        "script 'nas:snippets/mount.sh' is not executable",
    ),
    "tpm_not_attached": (
        "attaching TPM drive failed",
        "attaching TPM drive failed - Could not open '/dev/rbd-pve/1a2b/rbd/vm-104-disk-2': No such file or directory",
        "adding blockdev 'drive-tpmstate0-backup' failed : VM 104 qmp command 'blockdev-add' failed - Could not open",
    ),
    "packer_missing": (
        "/bin/bash: line 1: zstd: command not found",
        "fork compressor 'zstd --threads=1' failed",
        f"{TAR}exit code 127",
        "zstd --threads=1 failed - wrong exit status 127",
    ),
    "archive_not_written": (
        "vma_writer_flush: write header failed",
        "close output file handle failed",
        "unable to rename '/mnt/pve/nas/dump/a.dat' to '/mnt/pve/nas/dump/a.vma.zst'",
        "vma_queue_write: write error - Broken pipe",
        f"{TAR}exit code 70",
        "zstd --threads=1 failed - wrong exit status 70",
        "command '/usr/bin/vma create -v -c /mnt/nas/dump/a.tmp/qemu-server.conf exec:zstd --threads=1 > /mnt/nas/dump/a.dat"
        " drive-scsi0=/dev/pve/base-9000-disk-0' failed: got signal 5",
    ),
    "tar_failed": (f"{TAR}exit code 2", "tar: ./root/secret: Cannot open: Permission denied"),
    "pbs_client_failed": (
        "command 'lxc-usernsexec -m u:0:100000:65536 -m g:0:100000:65536 -- /usr/bin/proxmox-backup-client backup"
        " '--crypt-mode=none' pct.conf:/var/tmp/vzdumptmp22289_101/etc/vzdump/pct.conf --repository root@pam@10.1.2.3:ds1'"
        " failed: exit code 255",
    ),
    "copy_failed": (
        "command 'rsync --stats -h -X -A --numeric-ids -aH /proc/1/root/ /var/tmp/a' failed: exit code 11",
    ),
    "snapshot_not_mounted": ("command 'mount -o ro,noload /dev/dm-12 /mnt/vzsnap0//' failed: exit code 32",),
    "command_killed": (f"{TAR}got signal 9", "zstd --threads=1 failed - wrong exit status 0 (signal 9)"),
    "command_timeout": ("command '/usr/sbin/iscsiadm --mode session' failed: got timeout", "got timeout"),
    "lvm_failed": (
        "command '/sbin/vgs --noheadings' failed: exit code 5",
        "lvremove 'pve/snap_vm-200-disk-0_vzdump' error: Logical volume pve/snap_vm-200-disk-0_vzdump in use.",
        "activate_volume 'pve/vm-200-disk-0' error: device-mapper: reload ioctl failed",
    ),
    "mount_point_in_use": (
        "mount point '/mnt/vzsnap0' is not a directory",
        "mount point '/mnt/vzsnap0' not empty",
    ),
    "container_stopped": ("unable to get PID for CT 200 (not running?)",),
    "container_start_failed": ("startup for container '200' failed",),
    "container_stop_failed": (
        "container did not stop",
        "command 'lxc-stop -n 200 --nokill --timeout 600' failed: exit code 1",
        "failed to open container 200's command socket: Permission denied",
    ),
    "container_freeze_failed": (
        "command failed: Connection timed out",
        "command failed: No such process",
        "command 'lxc-freeze -n 200' failed: exit code 1",
        "failed to read from command socket: Connection reset by peer",
        "trying to freeze container: container not running",
    ),
    "no_space_for_snapshot": (
        "zfs error: cannot create snapshot 'rpool/data/subvol-200-disk-0@vzdump': out of space",
        "lvcreate snapshot 'pve/snap_vm-200-disk-0_vzdump' error: Cannot create new thin volume, free space in thin pool"
        " pve/data reached threshold.",
    ),
    "snapshot_left_over": (
        "rbd snapshot 'vm-200-disk-0' error: rbd: failed to create snapshot: (17) File exists",
        "snapshot name 'vzdump' already used",
        "zfs error: cannot create snapshot 'rpool/data/subvol-200-disk-0@vzdump': dataset already exists",
        "lvcreate snapshot 'pve/snap_vm-200-disk-0_vzdump' error: Logical Volume \"snap_vm-200-disk-0_vzdump\" already"
        ' exists in volume group "pve"',
    ),
    "snapshot_unsupported": (
        "can't snapshot this image format",
        "can't snapshot 'raw' volume",
        "volume snapshot is not possible on iscsi device",
        "cannot mount subvol snapshots for storage type 'btrfs'",
        "snapshot feature is not available",
        "mode failure - some volumes do not support snapshots",
    ),
    "snapshot_failed": (
        "zfs error: cannot create snapshot 'rpool/data/subvol-200-disk-0@vzdump': not now",
        "unable to read vzdump snapshot config - internal error at /usr/share/perl5/PVE/VZDump/LXC.pm line 256.",
        "lvcreate snapshot 'pve/snap_vm-200-disk-0_vzdump' error: device-mapper: message ioctl on (252:4) failed",
        "rbd snapshot 'vm-200-disk-0' error: rbd: failed to create snapshot: (95) Operation not supported",
        "create storage snapshot 'vzdump'",
    ),
    "disk_name_invalid": (
        "unable to parse volume ID '/tank/backup/timemachine'",
        "unable to parse zfs volume name 'data'",
        "unable to parse volume filename 'disk.raw'",
    ),
    "disk_missing": (
        "zfs error: cannot open 'tank': no such pool",
        "volume 'local:100/vm-100-disk-0.qcow2' does not exist",
        "no such volume 'local-lvm:vm-100-disk-0'",
        "no such logical volume pve/vm-100-disk-0",
        "zfs error: cannot open 'rpool/data/vm-100-disk-0': dataset does not exist",
        "rbd error: rbd: error opening image vm-100-disk-1: (2) No such file or directory",
        "kvm: -drive file=/dev/pve/vm-100-disk-0,if=none,id=drive-scsi0: Could not open '/dev/pve/vm-100-disk-0': No such"
        " file or directory",
    ),
    "disk_not_readable": (
        "cannot determine size of volume 'nas:100/vm-100-disk-0.raw' - got timeout",
        "could not determine size of drive 'scsi0'",
        "activating LV 'pve/data' failed: Check of pool pve/data failed (status:1). Manual repair required!",
        "can't activate LV '/dev/pve/vm-100-disk-0': device-mapper: reload ioctl on (252:9) failed: No such device",
        "timeout: no zvol device link for 'vm-100-disk-0' found after 300 sec.",
        "aborting wait - device '/dev/zvol/rpool/vm-100-disk-0' still not readable",
        "failed to setup loop device for /var/lib/vz/images/200/vm-200-disk-0.raw",
        "can't get size of '/dev/pve/vm-100-disk-0': lvs failed",
    ),
    "zfs_suspended": ("zfs error: cannot create snapshots : pool I/O is currently suspended",),
    "zfs_failed": (
        "Timeout: no zvol after 10 sec found.",
        "zfs error: Try running 'modprobe zfs' as root",
        "command 'zfs list -o name' failed: got timeout",
    ),
    "ceph_failed": (
        "can't map rbd volume vm-100-disk-0: rbd: sysfs write failed",
        "rbd error: rbd: couldn't connect to the cluster!",
        "command '/usr/bin/rbd -p rbd ls' failed: got timeout",
        "rbd error: rbd: listing images failed: (2) No such file or directory",
        "could not disable krbd-incompatible image features 'deep-flatten' for rbd image: vm-200-disk-0",
    ),
    "no_space": (
        "No space left on device",
        "vma_queue_write: write error - No space left on device",
        "job failed with err -28 - No space left on device",
        "unable to open file '/mnt/pve/nas/dump/vzdump-qemu-100-2025_08_21-21_30_03.vma.dat' - No space left on device",
        "zstd: error 70 : Write error : cannot write block : No space left on device",
        "pigz: abort: write error on <stdout> (No space left on device)",
        "gzip: stdout: No space left on device",
        'rsync: [receiver] write failed on "/var/tmp/vzdumptmp1_101/a": No space left on device (28)',
        "/bin/bash: line 1: /mnt/pve/nas/dump/vzdump-lxc-200-2025_08_21-21_30_03.tar.dat: No space left on device",
    ),
    "quota_exceeded": ("vma_queue_write: write error - Disk quota exceeded",),
    "share_stale": (
        "unable to open '/mnt/pve/nas/dump/a.tmp/qemu-server.conf' - Stale NFS file handle",
        "unable to open '/mnt/pve/nas/dump/a.tmp/qemu-server.conf' - Stale file handle",
    ),
    "share_lost": (
        "zstd: /*stdout*: Connection timed out",
        "unable to open '/mnt/pve/nas/dump/a.dat' - No route to host",
        "job failed with err -112 - Host is down",
        "unable to open '/mnt/a' - Transport endpoint is not connected",
        "job failed with err -11 - Resource temporarily unavailable",
        "zstd: /*stdout*: Resource temporarily unavailable",
        "unable to open '/mnt/pve/nas/dump/vzdump-qemu-100-2025_08_21-21_30_03.tmp/qemu-server.conf' - No such file or"
        " directory",
    ),
    "read_only": ("unable to open '/mnt/pve/nas/dump/a.tmp/qemu-server.conf' - Read-only file system",),
    "disk_error": (
        "unable to open '/mnt/pve/nas/dump/a.dat' - Remote I/O error",
        "job failed with err -5 - Input/output error",
        "job failed with err -61 - No data available",
        "Error: Input/output error (os error 5)",
        'Error: error at "srv/mail": Input/output error (os error 5)',
    ),
    "write_refused": ("unable to open '/mnt/pve/nas/dump/a.tmp/qemu-server.conf' - Permission denied",),
    "file_too_large": ("zstd: error 70 : Write error : cannot write block : File too large",),
    "no_memory": (
        "job failed with err -12 - Cannot allocate memory",
        "unable to fork worker - Cannot allocate memory at /usr/share/perl5/PVE/RESTEnvironment.pm line 542.",
    ),
}

# What a text says by its names alone, which the user chose.
INNOCENT = (
    "",
    "OK",
    "WARNINGS: 2",
    "the weather is bad",
    "job errors everywhere",
    "unexpected status of the weather",
    "interrupted by signals",
    "no such task force",
    "VM is locked (backup) or so",
    "VM is locked (my own: No word)",
    "command '/root/No space left on device' failed: exit code 1",
    "command '/root/interrupted by signal/job errors' failed: exit code 1",
    "command '/opt/proxmox-backup-client backup me' failed: exit code 1",
    "volume 'job errors' is strange",
    "guest 'no quorum!' is not known",
    "my VM is locked (backup)",
    "hostname 'Connection refused' is odd",
    "template 'cluster not ready - no quorum?' is odd",
    "script '/root/VM is locked (backup)' has ended",
    "unable to find a name like 'nas:Input/output error'",
    "memory of a guest 'hugepage allocation failed' is odd",
    "my hookscript error for 101 on pre-start: 1",
    "the command failed: Connection",
    "the pool 'x' does not exist",
    "No space left on device was never a good name for a guest",
    "no message is as long as this: " * 1000 + "No space left on device",
)


def blanks(sentence: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(sentence) if name is not None}


def as_compared(text: str) -> str:
    """Return a text as the patterns see it."""
    return " ".join(text.split())


def is_of_the_packer(form: str) -> bool:
    """Tell whether a pattern is one of the system's errors in the packer's brackets; one of them stands for all."""
    return form.startswith("(?:zstd|gzip|pigz|lzop): .*\\(")


def texts() -> Iterator[tuple[str, str]]:
    for code, of_code in TEXTS.items():
        for text in of_code:
            yield code, text


def errors_of_the_logs() -> set[str]:
    """Return what the sample logs hold after ERROR:, and the statuses of their tasks that are errors."""
    found = set()
    for path in DATA.rglob("*.log"):
        for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
            if match := re.match(r"(?:[\d-]+ [\d:]+ )?(?:TASK )?ERROR: (.+)$", line):
                found.add(match[1])
    for path in DATA.rglob("meta.json"):
        status = json.loads(path.read_text(encoding="utf-8"))["task_entry"].get("status", "RUNNING")
        if status not in {"OK", "RUNNING"} and not status.startswith("WARNINGS"):
            found.add(status)
    return found


@pytest.mark.parametrize(("code", "text"), texts())
def test_a_text_leads_to_its_cause_and_to_no_other(code: str, text: str) -> None:
    cause = cause_of(text)
    assert cause is not None
    assert cause.code == code


@pytest.mark.parametrize(("code", "text"), texts())
def test_what_proxmox_puts_before_a_text_changes_nothing(code: str, text: str) -> None:
    assert cause_of(f"Backup of VM 104 failed - {text}") == cause_of(text)
    assert cause_of(f"TASK ERROR: {text}\n") == cause_of(text)


def test_every_pattern_is_reached_by_a_true_text() -> None:
    reached = {
        next((number for number, known in enumerate(PATTERNS) if known.match(as_compared(text))), None)
        for _, text in texts()
    }
    assert {known.code for known in PATTERNS} == TEXTS.keys()
    unreached = [known for number, known in enumerate(PATTERNS) if number not in reached and known.after is None]
    assert [known.form.pattern for known in unreached if not is_of_the_packer(known.form.pattern)] == []


@pytest.mark.parametrize("text", INNOCENT, ids=lambda text: text[:40])
def test_names_and_unknown_texts_lead_to_no_cause(text: str) -> None:
    assert cause_of(text) is None


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("unable to find VM '999'", {"guest": "999"}),
        ("CT is locked (snapshot)", {"lock": "snapshot"}),
        (TEXTS["storage_missing"][0], {"storage": "old-nas"}),
        (TEXTS["storage_not_for_node"][0], {"storage": "nas", "node": "pve2"}),
        (TEXTS["hook_failed"][0], {"script": "/usr/local/bin/vzdump-hook.pl", "phase": "backup-start"}),
        (TEXTS["no_space_for_snapshot"][0], {"pool": "rpool"}),
        (TEXTS["no_space_for_snapshot"][1], {"pool": "pve/data"}),
        (TEXTS["pbs_maintenance"][0], {"datastore": "ds1", "mode": "read-only"}),
        (TEXTS["pbs_other_owner"][0], {"user": "pve@pbs!home", "owner": "root@pam"}),
        (TEXTS["prune_not_allowed"][0], {"privilege": "Datastore.Modify|Datastore.Prune", "path": "/datastore/ds1"}),
        (TEXTS["protected_limit"][0], {"limit": "5", "storage": "nas"}),
        ("job errors", {}),
    ],
)
def test_names_and_numbers_of_a_text_become_values(text: str, values: Mapping[str, str]) -> None:
    cause = cause_of(text)
    assert cause is not None
    assert cause.values == values


def test_every_error_of_the_sample_logs_has_a_cause() -> None:
    errors = errors_of_the_logs()
    assert len(errors) > 20
    assert {error for error in errors if cause_of(error) is None} == set()


def test_the_texts_of_a_code_fill_the_same_blanks() -> None:
    for known in PATTERNS:
        words = WORDS["en"][known.code]
        groups = set(known.form.groupindex)
        assert groups >= blanks(words["cause"]) | blanks(words["step"]), known.code
        assert groups == set(next(other for other in PATTERNS if other.code == known.code).form.groupindex), known.code


def test_english_and_german_are_there() -> None:
    assert WORDS.keys() == {"en", "de"}


@pytest.mark.parametrize("language", WORDS)
def test_every_language_has_every_code_with_the_same_blanks(language: str) -> None:
    assert WORDS[language].keys() == TEXTS.keys()
    for code, words in WORDS[language].items():
        assert words.keys() == {"cause", "step"}, code
        for part, sentence in words.items():
            assert blanks(sentence) == blanks(WORDS["en"][code][part]), (code, part)


@pytest.mark.parametrize("language", WORDS)
def test_causes_and_steps_are_short_and_of_the_right_form(language: str) -> None:
    for code, text in texts():
        cause = cause_of(text) or Cause(code="none")
        words = {part: filled(sentence, cause.values) for part, sentence in WORDS[language][code].items()}
        assert len(words["cause"]) <= 110, words["cause"]
        assert len(words["step"]) <= 200, words["step"]
        assert not words["cause"].endswith("."), words["cause"]
        assert words["step"][0].isupper(), words["step"]
        assert words["cause"][0].islower() or re.match(r"QEMU|ZFS|LVM|Proxmox", words["cause"]), words["cause"]


def test_a_huge_text_is_judged_at_once() -> None:
    texts_of_16_kib = (TAR.replace("./ |", "'--exclude=./a - b: c' " * 650 + "./ |"), "x: " * 5461, "VM 1 " * 3276)
    started = time.process_time()
    for text in texts_of_16_kib:
        cause_of(text)
    assert time.process_time() - started < 0.5
