import { css } from "lit";

export const survivalStyles = css`
  :host { display: block; container-type: inline-size; }
  ha-card { padding: 4px 0 12px; }
  h2 { margin: 0; padding: 10px 16px 4px; font-size: var(--ha-font-size-l, 16px); font-weight: 500; }
  h3 { margin: 0; padding: 4px 16px 8px; font-size: 18px; font-weight: 500; overflow-wrap: anywhere; }
  h4 { margin: 8px 0 0; padding: 8px 16px 0; font-size: 14px; font-weight: 500; }
  .none { margin: 0; padding: 14px 16px; color: var(--pbc-text2); }
  .choice { display: flex; flex-wrap: wrap; align-items: center; gap: 8px 12px; padding: 12px 16px; }
  select {
    flex: 1 1 240px; max-width: 460px; min-width: 0; height: 44px; padding: 0 12px; box-sizing: border-box; font: inherit;
    color: var(--primary-text-color, #212121); background: var(--card-background-color, #fff); color-scheme: inherit;
    border: 1px solid color-mix(in srgb, var(--primary-text-color, #212121) 55%, transparent); border-radius: 8px; text-overflow: ellipsis;
  }
  option, optgroup { color: var(--primary-text-color, #212121); background: var(--card-background-color, #fff); }
  ul { list-style: none; margin: 0; padding: 0; }
  .sums { display: flex; flex-wrap: wrap; gap: 6px 20px; padding: 0 16px 12px; font-size: 14px; }
  .sums li { display: flex; align-items: center; gap: 6px; }
  .sums b { font-size: 16px; font-weight: 500; }
  .guests li + li { border-top: 1px solid var(--pbc-line); }
  .guests { border-block: 1px solid var(--pbc-line); }
  button { all: unset; box-sizing: border-box; width: 100%; display: grid; grid-template-columns: 12px minmax(0, 1fr) auto; gap: 2px 12px; align-items: center; padding: 10px 16px; cursor: pointer; min-height: 44px; }
  button:hover { background: var(--pbc-soft); }
  button:focus-visible { outline: 2px solid var(--primary-color, #0288d1); outline-offset: -2px; }
  b { font-weight: 500; overflow-wrap: anywhere; }
  b small { font-weight: 400; font-size: 12px; color: var(--pbc-text2); }
  .lost { font-size: 14px; white-space: nowrap; }
  .text { grid-column: 2 / -1; font-size: 13px; color: var(--pbc-text2); overflow-wrap: anywhere; }
  details { padding: 0; }
  details:first-of-type { margin-top: 8px; }
  summary { cursor: pointer; padding: 6px 16px; color: var(--pbc-text2); font-size: 14px; min-height: 28px; line-height: 28px; }
  summary:focus-visible { outline: 2px solid var(--primary-color, #0288d1); outline-offset: -2px; }
  .storages li { display: grid; grid-template-columns: 12px minmax(80px, auto) minmax(0, 1fr); gap: 2px 12px; align-items: baseline; padding: 6px 16px; font-size: 14px; }
  .storages span { color: var(--pbc-text2); overflow-wrap: anywhere; }
  .hint, .read { margin: 0; padding: 10px 16px 0; font-size: 13px; color: var(--pbc-text2); }
  @container (max-width: 480px) {
    .storages li { grid-template-columns: 12px minmax(0, 1fr); }
    .storages span { grid-column: 2; }
    select { max-width: none; flex-basis: 100%; }
  }
`;
