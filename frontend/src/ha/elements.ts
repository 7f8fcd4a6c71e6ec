/** Home Assistant's own elements, each used here only: they are no official interface and change names between releases. */

import { html, nothing, type TemplateResult } from "lit";

type Content = TemplateResult | typeof nothing | string | readonly (TemplateResult | typeof nothing)[];

export function card(content: Content, busy = false): TemplateResult {
  return html`<ha-card aria-busy=${busy ? "true" : nothing}>${content}</ha-card>`;
}

export function alert(type: "info" | "warning" | "error" | "success", text: Content, action: Content = nothing) {
  return html`<ha-alert alert-type=${type}>${text}<span slot="action" class="alert-action">${action}</span></ha-alert>`;
}

export function icon(name: string): TemplateResult {
  return html`<ha-icon .icon=${name} aria-hidden="true"></ha-icon>`;
}

export function dialog(options: {
  open: boolean;
  title: string;
  closed: () => void;
  content: Content;
}): TemplateResult {
  return html`<ha-adaptive-dialog
    .open=${options.open}
    header-title=${options.title}
    width="large"
    @closed=${options.closed}
    >${options.content}</ha-adaptive-dialog
  >`;
}

export function badge(options: { label: string; icon: Content; text: string; press: () => void }): TemplateResult {
  return html`<ha-badge type="button" .label=${options.label} @click=${options.press}>
    <span slot="icon" class="badge-icon">${options.icon}</span>${options.text}
  </ha-badge>`;
}
