import { css } from "lit";

export const datastoresStyles = css`
  :host { display: block; container-type: inline-size; }
  ha-card { padding: 6px 0; }
  h2 { margin: 0; padding: 8px 16px 4px; font-size: var(--ha-font-size-l, 16px); font-weight: 500; }
  h3 { margin: 0; font-size: 15px; font-weight: 500; }
  p { margin: 4px 0 0; font-size: 13px; overflow-wrap: anywhere; }
  .none { padding: 10px 16px; color: var(--pbc-text2); }
  .facts { margin: 0; font-size: 12px; color: var(--pbc-text2); }
  .step b { font-weight: 500; }
  .server { display: grid; grid-template-columns: 12px minmax(0, 1fr); gap: 0 12px; padding: 10px 16px; align-items: baseline; }
  .store { border-top: 1px solid var(--pbc-line); padding: 0 16px 12px; }
  .store > :not(.head) { margin-inline-start: 24px; }
  .head { all: unset; box-sizing: border-box; width: calc(100% + 32px); margin: 0 -16px; display: grid; grid-template-columns: 12px minmax(0, 1fr) auto; gap: 3px 12px; align-items: center; padding: 10px 16px 4px; cursor: pointer; }
  .head:hover { background: var(--pbc-soft); }
  .head:focus-visible { outline: 2px solid var(--primary-color, #0288d1); outline-offset: -2px; }
  b { font-weight: 500; overflow: hidden; text-overflow: ellipsis; }
  small { font-weight: 400; font-size: 12px; color: var(--pbc-text2); }
  .free { font-size: 13px; }
  .bar { grid-column: 2 / -1; height: 6px; border-radius: 3px; background: var(--pbc-soft); overflow: hidden; }
  .bar i { display: block; height: 100%; border-radius: 3px; background: var(--tone); }
  .bar .muted { background: color-mix(in srgb, var(--pbc-text2) 60%, transparent); }
  .note { grid-column: 2 / -1; font-size: 12px; color: var(--pbc-text2); }
  dl { display: flex; flex-wrap: wrap; gap: 8px 24px; margin-block: 8px 0; }
  dt { font-size: 12px; color: var(--pbc-text2); }
  dd { margin: 0; font-size: 13px; }
  details { margin-top: 8px; font-size: 13px; }
  summary { cursor: pointer; padding: 4px 0; border-radius: 4px; font-weight: 500; }
  summary:focus-visible { outline: 2px solid var(--primary-color, #0288d1); }
  .table { overflow-x: auto; }
  table { width: 100%; border-collapse: collapse; }
  th { font-weight: 400; font-size: 12px; color: var(--pbc-text2); }
  th, td { text-align: start; padding: 5px 12px 5px 0; white-space: nowrap; }
  td { border-top: 1px solid var(--pbc-line); }
  .end { text-align: end; }
`;
