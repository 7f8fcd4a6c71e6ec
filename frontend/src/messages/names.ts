/** Where the way to messages begins: the name of its dialog, and the address that opens it on any page. */

export const MESSAGES_DIALOG = "pbc-messages-dialog";
export const MESSAGES_HASH = "#proxmox-backup-messages";
