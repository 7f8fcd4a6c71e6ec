import { css } from "lit";

export const detailsStyles = css`
  :host { display: block; font-size: 14px; }
  p { margin: 0; }
  ul { margin: 4px 0; padding-inline-start: 20px; }
  .wait { height: 220px; }
  .verdict { padding: 14px 16px; border-radius: 12px; background: color-mix(in srgb, var(--tone) 10%, transparent); }
  .place { display: flex; align-items: baseline; gap: 8px; font-size: 13px; color: var(--pbc-text2); }
  .place b { font-weight: 500; color: var(--primary-text-color, #212121); }
  .sentence { margin: 6px 0 0; font-size: 16px; font-weight: 500; line-height: 1.4; overflow-wrap: anywhere; }
  .progress { display: flex; flex-wrap: wrap; gap: 4px 12px; align-items: center; margin-top: 8px; font-size: 13px; }
  .progress progress { appearance: none; flex: 1 1 160px; height: 6px; border: 0; border-radius: 3px; overflow: hidden; background: color-mix(in srgb, var(--pbc-running) 25%, transparent); }
  .progress progress::-webkit-progress-bar { background: transparent; }
  .progress progress::-webkit-progress-value { background: var(--pbc-running); }
  .progress progress::-moz-progress-bar { background: var(--pbc-running); }
  .findings, .troubles { font-size: 13px; }
  .parts { margin-bottom: 16px; }
  .troubles b { font-weight: 500; }
  .step { margin-top: 8px; overflow-wrap: anywhere; }
  .step b, .acknowledged { font-weight: 500; }
  .acknowledged { margin-top: 8px; }
  dl { display: flex; flex-wrap: wrap; gap: 8px 24px; margin: 12px 0 0; }
  dt { font-size: 12px; color: var(--pbc-text2); }
  dd { margin: 0; font-size: 13px; }
  .actions { display: flex; flex-wrap: wrap; gap: 8px; margin: 14px 0 18px; }
  .timeline { cursor: pointer; display: flex; flex-direction: column; gap: 6px; }
  .axis { position: relative; display: block; height: 14px; font-size: 11px; color: var(--pbc-text2); }
  .axis i { position: absolute; font-style: normal; transform: translateX(-50%); white-space: nowrap; }
  :host([rtl]) .axis i:not(.today) { transform: translateX(50%); }
  .axis .today { inset-inline-end: 0; transform: none; color: var(--primary-text-color, #212121); }
  .figures { display: block; }
  .figures-title { display: flex; justify-content: space-between; font-size: 11px; color: var(--pbc-text2); line-height: 16px; }
  .figures-title b { font-weight: 400; }
  .figures svg { display: block; overflow: visible; }
  .figures rect { fill: color-mix(in srgb, var(--pbc-text2) 55%, transparent); }
  .figures rect.chosen { fill: var(--primary-text-color, #212121); }
  .figures line { stroke: var(--pbc-line); stroke-dasharray: 2 3; }
  .day-bar { display: flex; align-items: center; gap: 4px; margin: 14px 0 4px; }
  h3 { flex: 1; margin: 0; text-align: center; font-size: 15px; font-weight: 500; }
  .round { all: unset; width: 36px; height: 36px; border-radius: 50%; display: grid; place-items: center; cursor: pointer; }
  .round svg { width: 24px; height: 24px; fill: currentColor; }
  .round:hover { background: var(--pbc-soft); }
  .round:focus-visible { outline: 2px solid var(--primary-color, #0288d1); }
  .round[disabled] { opacity: 0.3; cursor: default; }
  .run { padding: 8px 0 10px; }
  .run + .run { border-top: 1px solid var(--pbc-line); }
  h4 { display: flex; align-items: center; gap: 8px; margin: 0; font-size: 14px; font-weight: 500; }
  .aside { color: var(--pbc-text2); font-weight: 400; font-size: 12px; }
  .cause { margin-top: 4px; overflow-wrap: anywhere; }
  .archive { margin-top: 8px; font-size: 12px; color: var(--pbc-text2); overflow-wrap: anywhere; }
  .none { padding: 8px 0; color: var(--pbc-text2); text-align: center; }
  details { border-top: 1px solid var(--pbc-line); margin-top: 12px; padding-top: 4px; }
  details + details { margin-top: 4px; }
  summary { padding: 8px 0; cursor: pointer; font-size: 13px; font-weight: 500; border-radius: 4px; }
  details li { font-size: 13px; color: var(--pbc-text2); margin: 4px 0; overflow-wrap: anywhere; }
  .table { overflow-x: auto; }
  table { width: 100%; border-collapse: collapse; font-size: 13px; }
  th { font-weight: 400; font-size: 12px; color: var(--pbc-text2); }
  th, td { text-align: start; padding: 5px 12px 5px 0; white-space: nowrap; }
  td { border-top: 1px solid var(--pbc-line); }
  .end { text-align: end; }
  .result { display: inline-flex; align-items: center; gap: 6px; }
  .link { all: unset; cursor: pointer; color: color-mix(in srgb, var(--primary-color, #0288d1) 60%, var(--primary-text-color, #212121)); }
  .link:focus-visible { outline: 2px solid var(--primary-color, #0288d1); }
`;
