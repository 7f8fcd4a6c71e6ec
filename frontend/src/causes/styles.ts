import { css } from "lit";

export const causesStyles = css`
  ha-card { padding: 4px 0; }
  h2 { margin: 0; padding: 10px 16px 4px; font-size: var(--ha-font-size-l, 16px); font-weight: 500; }
  .causes { list-style: none; margin: 0; padding: 0; }
  :host { container-type: inline-size; }
  .causes > li { display: grid; grid-template-columns: 24px minmax(0, 1fr) auto; gap: 0 12px; padding: 10px 16px; align-items: start; }
  .what:last-child { grid-column: 2 / -1; }
  .causes > li + li { border-top: 1px solid var(--pbc-line); }
  .sign svg, .calm svg { width: 24px; height: 24px; fill: var(--tone); }
  .silenced { opacity: 0.7; }
  h3 { margin: 0; font-size: 15px; font-weight: 500; line-height: 24px; overflow-wrap: anywhere; }
  .headline h3 { display: inline; margin-inline-end: 4px; }
  p { margin: 4px 0 0; font-size: 14px; overflow-wrap: anywhere; }
  .facts { margin-top: 0; font-size: 12px; color: var(--pbc-text2); }
  .calm { display: flex; align-items: center; gap: 12px; margin: 0; padding: 10px 16px; }
  .calm b { font-weight: 500; }
  details { margin-top: 2px; font-size: 13px; }
  details:not(:has(p, button)) { display: none; }
  .step { margin: 4px 0 6px; }
  summary { cursor: pointer; color: var(--pbc-text2); border-radius: 4px; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
  summary:focus-visible { outline: 2px solid var(--primary-color, #0288d1); }
  details[open] summary { white-space: normal; }
  .row { all: unset; box-sizing: border-box; width: 100%; display: grid; grid-template-columns: 12px auto minmax(0, 1fr); gap: 10px; align-items: baseline; padding: 6px 4px; border-radius: 6px; cursor: pointer; }
  .row:hover { background: var(--pbc-soft); }
  .row:focus-visible { outline: 2px solid var(--primary-color, #0288d1); }
  .row b { font-weight: 500; }
  .row small { font-size: 12px; color: var(--pbc-text2); overflow-wrap: anywhere; }
  .actions { display: flex; flex-wrap: wrap; gap: 8px; justify-content: end; }
  @container (max-width: 640px) { .actions { grid-column: 2 / -1; justify-content: start; margin-top: 8px; } }
  .actions:not(:has(*)) { display: none; }
`;
