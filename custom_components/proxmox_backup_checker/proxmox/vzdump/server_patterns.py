r"""What the Proxmox Backup Server and its client answer, in the forms of `failure_patterns.py`.

For the connection these are also the words of hyper, openssl and the operating system. From version 1 on, which the client of
Proxmox VE 9 has, hyper tells that it could not connect, and no more.
"""

from typing import Final

from .error_text import Table

# Who passes on an answer of the Proxmox Backup Server: PVE/Storage/PBSPlugin.pm (activate_storage, list_volumes),
# PVE/PBSClient.pm (run_client_cmd), and for VMs pve-qemu's pve-backup.c with proxmox-backup-qemu's commands.rs
PASSED_ON: Final = (
    r"(?:(?:could not activate storage '[^']+': )?(?:[^\s:']+: )?error (?:fetching datastores|listing snapshots) - "
    r"|(?:VM \d+ qmp command '[\w-]+' failed - )?backup (?:connect|add_config \S+|register image|write data|close image"
    r"|finish) failed: command error: "
    r"|proxmox-backup-client failed: (?:.* )?Error: )"
)
# So the client's own words stand in the log of a container's backup
CLIENT_SAYS: Final = r"Error: "

# proxmox-backup: pbs-client/src/http_client.rs, src/api2/backup/, pbs-datastore/src/, pbs-api-types/src/maintenance.rs;
# for the connection also PVE/APIClient/LWP.pm and the words of the operating system
ANSWERS: Final[Table] = (
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
        r"|.*\b(?:connection reset|connection closed before|broken pipe|stream received RST_STREAM"
        r"|client error \((?:SendRequest|Canceled|ChannelClosed)\)))",
        "pbs_connection_lost",
    ),
    (
        r"(?:fingerprint '[^']+' not verified, abort!"
        r"|.*(?:[Ff]ingerprint was not confirmed|certificate verify failed|hostname verification failed))",
        "pbs_fingerprint",
    ),
    (r".*client error \(Connect\)(?:$|: | Caused by: )", "pbs_unreachable"),
    (
        r"(?:401 |.*\b(?:authentication failed|invalid ticket|invalid credentials)|API token secret must be provided"
        r"|no password input mechanism available)",
        "pbs_login_refused",
    ),
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
    (
        r"datastore '[^']+' is (?:not mounted|unavailable: )|unable to open chunk store\b(?!.*Permission denied)"
        r"|(?:.*[:-] )?(?:Stale file handle|Transport endpoint is not connected)(?: \(os error \d+\))?$",
        "pbs_datastore_not_mounted",
    ),
    (r"(?:.*[:-] )?(?:No space left on device|Disk quota exceeded)(?: \(os error \d+\))?$", "pbs_full"),
    (
        r"(?:.*[:-] )?(?:Permission denied|Read-only file system)(?: \(os error \d+\))?$",
        "pbs_not_writable",
    ),
    (r"(?:.*[:-] )?Input/output error(?: \(os error \d+\))?$", "pbs_disk_error"),
    (
        r"unable to acquire (?:\S+ )?(?:\S+ )?lock\b|base snapshot is already locked\b",
        "pbs_group_busy",
    ),
    (r"backup timestamp is older than last backup|backup directory already exists", "pbs_clock_wrong"),
    (r"wrong key - manifest's key ", "pbs_key_changed"),
    (r"previous backup has different size than current state", "disk_size_changed"),
    (r"exceeded allowed number of file entries \(> (?P<limit>\d+)\)", "too_many_files"),
    (
        r"(?:previous backup checksum doesn't match session cache|no previous backups? (?:found|in this session),"
        r"|base snapshot .* was removed during backup|cannot reuse index - no |no valid previous backup"
        r"|expected csum \(|[Uu]nable to (?:open|read) (?:fixed|dynamic) index )",
        "pbs_previous_unusable",
    ),
    (r"", "pbs_failed"),
)

# What the client reads itself: without a word of the server's, a disk error is that of the container's disk
READ_BY_CLIENT: Final[Table] = (
    (
        r"(?!.*\b(?:chunks?|store|datastore|index|request failed)\b)(?:.*[:-] )?Input/output error(?: \(os error \d+\))?$",
        "disk_error",
    ),
)

# PVE/Storage/PBSPlugin.pm, PVE/PBSClient.pm, PVE/VZDump/QemuServer.pm (get_and_check_pbs_encryption_config)
HERE: Final[Table] = (
    (
        r"(?:could not activate storage '[^']+': )?[^\s:']+: Cannot find datastore '(?P<datastore>[^']+)',"
        r" check permissions and exist[ae]nce!",
        "pbs_datastore_missing",
    ),
    (
        r"encryption configured \('[^']*'\) but no encryption key file found!|failed to open encryption key: "
        r"|master public key configured but no key file found",
        "pbs_key_missing",
    ),
    (r"executable not found '/\S*/proxmox-backup-client'!", "pbs_client_missing"),
)
