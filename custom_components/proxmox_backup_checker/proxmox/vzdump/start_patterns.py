r"""The texts with which Proxmox refuses to start a VM, in the forms of `failure_patterns.py`.

A VM that is off is started for its backup, paused; in the mode `stop` one that runs as well.
"""

from typing import Final

from .error_text import Table

# PVE/QemuServer/PCI.pm (reserve_pci_usage): a device that another guest has
_DEVICE_IN_USE: Final[Table] = (
    (
        r"(?:start failed: )?PCI device '(?P<device>[^']+)' (?:already in use by|is currently reserved for use by)"
        r" (?:running )?VMID '(?P<guest>\d+)'",
        "pci_device_in_use",
    ),
)

# What QEMU itself says, and the script that joins the VM's card to its bridge (pve-bridge), before QEMU ends
_BY_QEMU: Final[Table] = (
    (r"bridge '(?P<bridge>[^']+)' does not exist$", "bridge_missing"),
    (
        r"kvm: -device vfio-pci,.*\bvfio (?P<device>[0-9a-f]{4}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]): "
        r"failed to open /dev/vfio/\S+: Device or resource busy$",
        "pci_device_busy",
    ),
    (r"kvm: -(?:drive|blockdev) .*: Could not open '(?P<disk>[^']+)': No such file or directory$", "disk_missing"),
    (r"kvm: Host doesn't support requested features$", "cpu_lacks_features"),
)

# PVE/GuestHelpers.pm (check_hookscript, exec_hookscript)
_OWN_HOOK: Final[Table] = (
    (
        r"hookscript error for \d+ on [\w-]+: |'[^']+' is not in the snippets directory$"
        r"|script '[^']+' (?:does not exist|is not executable)$",
        "guest_hook_failed",
    ),
)

# PVE/QemuServer.pm (vm_start, vm_start_nolock, config_to_command, print_netdev_full, start_swtpm), PVE/Systemd.pm
_VM: Final = (
    r"timeout waiting on systemd$|systemd job failed$|org\.freedesktop\.(?:DBus|systemd1)\.[\w.]+: "
    r"|starting kvm to execute backup task$|command 'qm start \d+ [^']*' failed: "
    r"|unable to connect to qmeventd socket \(vmid: \d+\) - |QEMU exited with code \d+$|VM \d+ already running$"
    r"|MAX \d+ vcpus allowed per VM on this node$|KVM virtualisation configured, but not available\."
    r"|(?:QEMU|Installed QEMU) version '?[^' ]+'? is too old to run machine type '?"
    r"|Installed qemu-server \(max feature level for |[Dd]etected old (?:QEMU|qemu-kvm) binary \("
    r"|storage for '[^']+' is configured for snapshots as a volume chain - this requires QEMU machine version"
    r"|failed to start swtpm: |swtpm currently only supports 'raw' state volumes$|QEMU flag querying VM exited with code "
    r"|no such (?:serial|parallel) device$|(?:netdev \S+: )?(?:MTU|mtu) '?\d+'? is (?:smaller than the IP|bigger than) "
    r"|missing libraries for '[^']+' detected\b|no (?:DRM|drm) render node detected \(/dev/dri/"
    r"|vga type \S+ is not compatible with VNC clipboard$|invalid boot (?:device|disk) '"
    r"|scsi\d+: machine version 4\.1~pve2 or higher is required"
)
# PVE/QemuServer: PCI.pm, PCI/Mdev.pm, USB.pm; PVE/Mapping: PCI.pm, USB.pm, Dir.pm; PVE/QemuServer/Virtiofs.pm
_DEVICES: Final = (
    r"could not create mediated device$|(?:PCI|USB) device mapping (?:not found for '|invalid \()"
    r"|USB Mapping invalid \(|More than one USB mapping per host not supported$|[Nn]o (?:PCI|pci) device (?:found|info) for "
    r"|cannot use mediated device with multifunction device$|q35 machine model is not enabled\b"
    r"|only one device can be assigned in legacy-igd mode$|legacy IGD assignment |device '[^']+' assigned more than once$"
    r"|could not find a free device for 'hostpci|(?:cannot prepare PCI pass-through, )?IOMMU not present$"
    r"|can't (?:unbind/bind (?:PCI|pci) group to (?:VFIO|vfio)|reset (?:PCI|pci) device) '|[Pp]ci device '[^']+' (?:not found$"
    r"|does not support mediated|has no (?:available instances|type))|Cannot (?:bind \S+ to vfio|find vfio-pci module!"
    r"|open iommu_group: )|usb device '[^']+' not found$|no usb id or path given$"
    r"|virtiofsd is not installed\.|directory mapping invalid: |Please disable ACLs for virtiofs on Windows"
    r"|No directory mapping for node "
)
# PVE/QemuServer: Memory.pm, CPUConfig.pm, Machine.pm, OVMF.pm
_MACHINE: Final = (
    r"memory (?:can't be lower than |size (?:must be even |'|\())|Memory size \S+ is not a multiple|you cannot add more memory than "
    r"|(?:NUMA|numa) needs to be enabled\b|Total memory is bigger than |minimum memory must be |total memory for NUMA nodes "
    r"|cannot enable memory hotplugging with|missing NUMA node\d+ |you need to define a policy for hostnode"
    r"|numa hostnodes need to be defined|host NUMA node\d+ doesn't exist$|hugepage (?:mount error|allocation failed)\b"
    r"|hugepages option is not enabled$|your system doesn't support hugepages\b|host only supports \d+ GB hugepages"
    r"|more than 1 hostnode value in numa node|Custom cputype '[^']+' not found$|Built-in cputype '"
    r"|VM-specific CPU flags must be |CPU model '[^']+' does not exist|Your CPU does not support (?:AMD|Intel) "
    r"|To use (?:AMD|Intel) \S+, you need to change the BIOS|OVMF \(UEFI\) BIOS is not supported on "
    r"|(?:EFI|uefi) (?:base|vars) image '[^']+' not found$|efidisk format must be specified$"
    r"|to use Intel vIOMMU please set the machine type|aarch64(?:/virt)? cannot use IDE devices$"
)

START: Final[Table] = (
    *_DEVICE_IN_USE,
    *_BY_QEMU,
    *_OWN_HOOK,
    (_VM, "vm_start_failed"),
    (_DEVICES, "vm_start_failed"),
    (_MACHINE, "vm_start_failed"),
)
"""What keeps a VM from being started for its backup."""
