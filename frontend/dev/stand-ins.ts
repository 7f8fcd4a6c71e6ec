/** Stand-ins for the few elements of Home Assistant's that the cards use. */

function define(tag: string, styles: string, content: string): void {
  customElements.define(
    tag,
    class extends HTMLElement {
      constructor() {
        super();
        this.attachShadow({ mode: "open" }).innerHTML = `<style>${styles}</style>${content}`;
      }
    },
  );
}

define(
  "ha-card",
  ":host{display:block;background:var(--card-background-color);border:1px solid var(--divider-color);border-radius:12px}",
  "<slot></slot>",
);
define(
  "ha-alert",
  `:host{display:flex;justify-content:space-between;align-items:center;gap:8px;padding:8px 12px;border-radius:4px;background:color-mix(in srgb,var(--t) 12%,transparent);--t:var(--info-color)}
   :host([alert-type=warning]){--t:var(--warning-color)}:host([alert-type=error]){--t:var(--error-color)}`,
  "<div><slot></slot></div><slot name=action></slot>",
);
define(
  "ha-icon",
  ":host{display:inline-block;width:36px;height:36px;border-radius:50%;border:2px solid currentColor;opacity:.4}",
  "",
);
define(
  "ha-badge",
  ":host{display:inline-flex;gap:8px;align-items:center;height:36px;padding:0 12px;border-radius:18px;border:1px solid var(--divider-color);background:var(--card-background-color);font-size:12px;font-weight:500}",
  "<slot name=icon></slot><slot></slot>",
);
define(
  "ha-adaptive-dialog",
  ":host{display:block;max-width:720px;margin:0 auto;background:var(--card-background-color);border-radius:24px;border:1px solid var(--divider-color)}div{padding:0 24px 24px}h1{font-size:20px;font-weight:500;padding:20px 24px 12px;margin:0}",
  "<h1></h1><div><slot></slot></div>",
);
