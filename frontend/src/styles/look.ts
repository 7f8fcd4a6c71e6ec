import { css, html, svg, type TemplateResult } from "lit";
import type { Status } from "../data/contract";
import { lookOf, type Shape } from "../model/status";

/** Colours and type shared by everything; each colour can be set from a theme. */
export const look = css`
  :host {
    --pbc-ok: var(--proxmox-backup-ok-color, var(--success-color, #43a047));
    --pbc-warning: var(--proxmox-backup-warning-color, var(--warning-color, #ffa600));
    --pbc-bad: var(--proxmox-backup-failed-color, var(--error-color, #db4437));
    --pbc-running: var(--proxmox-backup-running-color, var(--info-color, #039be5));
    --pbc-muted: color-mix(in srgb, var(--disabled-color, #bdbdbd) 60%, var(--primary-text-color, #212121));
    --pbc-edge: color-mix(in srgb, var(--pbc-warning) 60%, var(--primary-text-color, #212121));
    --pbc-line: var(--divider-color, #e0e0e0);
    --pbc-soft: color-mix(in srgb, var(--primary-text-color, #212121) 6%, transparent);
    --pbc-text2: var(--secondary-text-color, #5e5e5e);
    color: var(--primary-text-color, #212121);
    font-size: var(--ha-font-size-m, 14px);
    line-height: 1.35;
  }
  button { font: inherit; color: inherit; }
  a { color: color-mix(in srgb, var(--primary-color, #0288d1) 60%, var(--primary-text-color, #212121)); }
  :focus-visible { outline: 2px solid var(--primary-color, #0288d1); outline-offset: 2px; }
  .sr { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
  .mark { width: 12px; height: 12px; flex: none; display: block; overflow: visible; }
  .mark * { fill: var(--tone); stroke: none; }
  .mark .hollow { fill: none; stroke: var(--tone); stroke-width: 2; }
  .mark .dots { fill: none; stroke: var(--tone); stroke-width: 2; stroke-dasharray: 2.6 2.1; }
  .mark text { font: 700 13px/1 var(--ha-font-family-body, Roboto, sans-serif); text-anchor: middle; }
  .ok { --tone: var(--pbc-ok); }
  .warning { --tone: var(--pbc-warning); --rim: var(--pbc-edge); }
  .bad { --tone: var(--pbc-bad); }
  .running { --tone: var(--pbc-running); }
  .muted { --tone: var(--pbc-muted); }
  .mark.warning rect { stroke: var(--pbc-edge); stroke-width: 1; }
  .btn {
    display: inline-flex; align-items: center; gap: 6px; height: 36px; padding: 0 14px; box-sizing: border-box;
    border: 1px solid var(--pbc-line); border-radius: 18px; background: none; text-decoration: none; cursor: pointer;
    color: var(--primary-text-color, #212121); font-size: 13px; font-weight: 500; white-space: nowrap;
  }
  .btn:hover { background: var(--pbc-soft); }
  .btn svg { width: 18px; height: 18px; fill: currentColor; flex: none; }
  .btn.main { border-color: transparent; background: color-mix(in srgb, var(--primary-color, #0288d1) 75%, #000); color: var(--text-primary-color, #fff); }
  .alert-action { white-space: nowrap; }
  .alert-action a, .alert-action button {
    all: unset; cursor: pointer; font-weight: 500; color: color-mix(in srgb, var(--primary-color, #0288d1) 60%, var(--primary-text-color, #212121)); padding: 4px 8px; border-radius: 4px;
  }
  .alert-action :focus-visible { outline: 2px solid var(--primary-color, #0288d1); }
  .num { font-variant-numeric: tabular-nums; }
`;

const SHAPES: Record<Shape, TemplateResult<2>> = {
  disc: svg`<circle cx="6" cy="6" r="5"></circle>`,
  square: svg`<rect x="1.5" y="1.5" width="9" height="9" rx="1"></rect>`,
  triangle: svg`<path d="M6 .8 11.8 11.2H.2z"></path>`,
  ring: svg`<circle class="hollow" cx="6" cy="6" r="4.4"></circle>`,
  diamond: svg`<path class="hollow" d="M6 1 11 6 6 11 1 6z"></path>`,
  dots: svg`<circle class="dots" cx="6" cy="6" r="4.5"></circle>`,
  dash: svg`<rect x="1.5" y="5" width="9" height="2.4" rx="1"></rect>`,
  question: svg`<text x="6" y="11">?</text>`,
};

/** The mark of a status: colour and shape. */
export function mark(status: Status): TemplateResult {
  const { tone, shape } = lookOf(status);
  return html`<svg class="mark ${tone}" viewBox="0 0 12 12" aria-hidden="true">${SHAPES[shape]}</svg>`;
}
