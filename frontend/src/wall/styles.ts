import { css } from "lit";

export const wallStyles = css`
  :host { display: block; height: 100%; position: relative; }
  ha-card, .bare { height: 100%; display: flex; flex-direction: column; overflow: hidden; box-sizing: border-box; padding-bottom: 10px; }
  .head { display: flex; flex-wrap: wrap; gap: 10px 16px; align-items: center; justify-content: space-between; padding: 14px 16px 10px; }
  .bare .head { padding-top: 0; }
  .bare h2 { display: none; }
  .title-line { display: flex; flex-wrap: wrap; gap: 2px 14px; align-items: center; }
  h2 { margin: 0; font-size: var(--ha-font-size-l, 16px); font-weight: var(--ha-font-weight-medium, 500); }
  .summary { display: flex; align-items: center; gap: 6px; margin: 0; font-size: 13px; }
  .summary b { font-weight: 500; }
  .summary span { color: var(--pbc-text2); }
  .summary svg { width: 18px; height: 18px; fill: var(--tone); }
  .tools { display: flex; flex-wrap: wrap; gap: 6px; align-items: center; }
  .chips { display: contents; }
  .beside { display: flex; flex: 0 1 auto; gap: 6px; align-items: center; }
  .chip {
    all: unset; box-sizing: border-box; display: inline-flex; gap: 6px; align-items: center; height: 28px; padding: 0 10px;
    border-radius: 14px; border: 1px solid var(--pbc-line); font-size: 12px; cursor: pointer;
  }
  .chip b { font-weight: 500; }
  .chip .mark { width: 10px; height: 10px; }
  .chip:hover { background: var(--pbc-soft); }
  .chip[aria-pressed="true"] { border-color: var(--primary-color, #0288d1); background: color-mix(in srgb, var(--primary-color, #0288d1) 14%, transparent); }
  .chip:focus-visible { outline: 2px solid var(--primary-color, #0288d1); outline-offset: 1px; }
  .search { display: flex; align-items: center; gap: 6px; height: 28px; padding: 0 10px; box-sizing: border-box; border: 1px solid var(--pbc-line); border-radius: 14px; }
  .search:focus-within { border-color: var(--primary-color, #0288d1); }
  .search svg { width: 16px; height: 16px; fill: var(--pbc-text2); }
  .search input { all: unset; width: 92px; font-size: 12px; color: inherit; }
  .search input::placeholder { color: var(--pbc-text2); }
  .grid { display: grid; column-gap: 14px; padding: 0 16px; align-items: center; }
  .heads { height: 22px; flex: none; contain: inline-size; font-size: 11px; color: var(--pbc-text2); }
  .axis { position: relative; display: block; height: 14px; }
  .axis i { position: absolute; font-style: normal; transform: translateX(-50%); white-space: nowrap; }
  :host([rtl]) .axis i:not(.today) { transform: translateX(50%); }
  .axis .today { inset-inline-end: 0; transform: none; color: var(--primary-text-color, #212121); }
  .end { text-align: end; white-space: nowrap; }
  .scroll { overflow-y: auto; overscroll-behavior: auto; contain: strict; flex: none; scrollbar-width: thin; }
  .scroll[data-more] { mask-image: linear-gradient(to bottom, #000 calc(100% - 22px), rgb(0 0 0 / 35%)); }
  .foot { display: flex; align-items: center; gap: 12px; padding: 8px 16px 0; font-size: 12px; color: var(--pbc-text2); }
  .foot .link { all: unset; cursor: pointer; color: color-mix(in srgb, var(--primary-color, #0288d1) 60%, var(--primary-text-color, #212121)); font-weight: 500; padding: 4px; border-radius: 4px; }
  .foot .link:focus-visible { outline: 2px solid var(--primary-color, #0288d1); }
  .inner { position: relative; }
  [role="listitem"] { position: absolute; inset-inline: 0; }
  .row { all: unset; box-sizing: border-box; width: 100%; height: 100%; cursor: pointer; font-size: 13px; position: relative; }
  .row.grid { display: grid; grid-template-rows: 40px; align-items: center; column-gap: 14px; padding: 0 16px; }
  .row:hover { background: var(--pbc-soft); }
  .row:focus-visible { outline: 2px solid var(--primary-color, #0288d1); outline-offset: -2px; border-radius: 6px; }
  .name { min-width: 0; display: flex; flex-direction: column; line-height: 1.25; }
  .name b { font-weight: 500; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
  .name small { color: var(--pbc-text2); font-size: 11px; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
  .aside { color: var(--pbc-text2); font-size: 12px; }
  .copies.below { color: var(--pbc-edge); font-weight: 500; }
  .reason { grid-column: 2 / -1; align-self: start; margin-top: -5px; font-size: 12px; line-height: 18px; color: var(--pbc-text2); overflow: hidden; overflow-wrap: anywhere; display: -webkit-box; -webkit-box-orient: vertical; -webkit-line-clamp: 3; }
  .fill { position: absolute; inset-block: 0; inset-inline-start: 0; border-inline-end: 2px solid var(--pbc-running); background: color-mix(in srgb, var(--pbc-running) 12%, transparent); pointer-events: none; transition: width 1s; }
  .spark path { fill: none; stroke: var(--pbc-text2); stroke-width: 1.3; stroke-linejoin: round; }
  .old :is(.strip, .spark, .mark) { opacity: 0.45; }
  .deleted, .known .mark { opacity: 0.6; }
  .deleted b { text-decoration: line-through; }
  .row.narrow { display: grid; grid-template-columns: 12px minmax(0, 1fr) auto auto auto; grid-template-rows: 20px 22px; column-gap: 14px; padding: 5px 16px 0; align-items: center; align-content: start; }
  .narrow .name { flex-direction: row; gap: 6px; align-items: baseline; }
  .narrow .strip { grid-row: 2; grid-column: 2 / -1; }
  .narrow .size { margin-inline-start: -6px; }
  .narrow .alone { grid-column: 4 / -1; }
  .narrow .aside { margin-inline-start: -4px; }
  .narrow .reason { margin-top: 4px; }
  @media (pointer: coarse) { .chip, .search { height: 36px; border-radius: 18px; } .search { flex: 1 1 96px; max-width: 160px; } .search input { width: 100%; min-width: 64px; } .opener { width: 36px; height: 36px; } }
  .skeleton { padding: 4px 16px; opacity: 0; animation: pbc-appear 0.2s 0.15s forwards; }
  .skeleton i { display: block; height: 24px; margin: 12px 0; border-radius: 6px; background: var(--pbc-soft); animation: pbc-pulse 1.4s ease-in-out infinite alternate; }
  @keyframes pbc-appear { to { opacity: 1; } }
  .tip { position: fixed; inset: auto; margin: 0; border: 0; z-index: 9; box-sizing: border-box; width: max-content; max-width: 330px; transform: translate(-50%, -100%); padding: 6px 10px; border-radius: 8px; font-size: 12px; line-height: 1.4; pointer-events: none; overflow-wrap: anywhere; background: var(--primary-text-color, #212121); color: var(--card-background-color, #fff); box-shadow: 0 2px 8px rgb(0 0 0 / 30%); }
  .tip.below { transform: translate(-50%, 0); }
  .tip b { font-weight: 500; }
  .tip ul { list-style: none; margin: 4px 0 0; padding: 4px 0 0; border-top: 1px solid color-mix(in srgb, currentColor 25%, transparent); }
  .tip li { display: grid; grid-template-columns: 12px minmax(0, 1fr); gap: 0 8px; align-items: center; margin: 2px 0; }
  .tip li p { grid-column: 2; margin: 0; }
  .tip .rest { display: block; padding-inline-start: 20px; }
  .tip .mark { --tone: currentColor; }
  .strip { touch-action: pan-y; }
  .row { -webkit-touch-callout: none; user-select: none; }
  .group { all: unset; box-sizing: border-box; display: flex; align-items: center; gap: 8px; width: 100%; height: 100%; padding: 8px 16px 0 8px; cursor: pointer; font-size: 13px; color: var(--pbc-text2); }
  .group b { font-weight: 500; color: var(--primary-text-color, #212121); overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
  .group svg { width: 20px; height: 20px; flex: none; fill: currentColor; }
  .group[aria-expanded="true"] svg { transform: rotate(90deg); }
  .group .bad { color: color-mix(in srgb, var(--pbc-bad) 75%, var(--primary-text-color, #212121)); }
  .group:hover { background: var(--pbc-soft); }
  .group:focus-visible { outline: 2px solid var(--primary-color, #0288d1); outline-offset: -2px; border-radius: 6px; }
  .opener { all: unset; display: grid; place-items: center; width: 28px; height: 28px; border-radius: 50%; cursor: pointer; }
  .opener svg { width: 20px; height: 20px; fill: var(--pbc-text2); }
  .opener:hover, .opener[aria-expanded="true"] { background: var(--pbc-soft); }
  .opener:focus-visible, .by:focus-visible { outline: 2px solid var(--primary-color, #0288d1); outline-offset: 1px; }
  .by { all: unset; cursor: pointer; border-radius: 4px; padding: 2px 0; }
  .by:hover { color: var(--primary-text-color, #212121); }
  .by[aria-pressed="true"] { color: var(--primary-text-color, #212121); font-weight: 500; }
  .by i { font-style: normal; }
  .narrow-axis { padding-inline-start: 42px; }
  .panel { margin: 0 16px 10px; padding: 10px 14px; border-radius: 12px; background: var(--pbc-soft); font-size: 12px; }
  .panel p { margin: 0 0 6px; color: var(--pbc-text2); }
  .panel ul { list-style: none; margin: 0 0 10px; padding: 0; display: grid; grid-template-columns: repeat(auto-fill, minmax(150px, 1fr)); gap: 6px 16px; }
  .panel li { display: flex; gap: 10px; align-items: center; }
  .panel .strip, .panel .mark { flex: none; }
  .fields { display: flex; flex-wrap: wrap; gap: 10px 24px; }
  .fields label { display: flex; gap: 8px; align-items: center; color: var(--pbc-text2); }
  .fields select { font: inherit; color: var(--primary-text-color, #212121); background: var(--card-background-color, #fff); border: 1px solid var(--pbc-line); border-radius: 8px; padding: 0 8px; height: 36px; }
  @media (prefers-reduced-motion: reduce) { .skeleton i { animation: none; } .fill { transition: none; } }
`;
