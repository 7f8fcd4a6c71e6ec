/** What a card asks of Home Assistant's frontend around it. */

export function fire(from: EventTarget, type: string, detail: object = {}): void {
  from.dispatchEvent(new CustomEvent(type, { bubbles: true, composed: true, detail }));
}

/** Goes to a page as a link does, so that Home Assistant closes open dialogs on the way. */
export function navigate(path: string): void {
  const link = document.createElement("a");
  link.href = path;
  document.body.append(link);
  link.click();
  link.remove();
}

export function showDialog(
  from: EventTarget,
  dialogTag: string,
  dialogParams: object,
  dialogImport: () => Promise<unknown>,
): void {
  fire(from, "show-dialog", { dialogTag, dialogImport, dialogParams });
}

export const showMoreInfo = (from: EventTarget, entityId: string): void => fire(from, "hass-more-info", { entityId });

/** Shows a short message at the bottom of the screen. */
export const notify = (from: EventTarget, message: string): void => fire(from, "hass-notification", { message });
