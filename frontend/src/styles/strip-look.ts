import { css } from "lit";

/** How the cells of a strip look. */
export const stripLook = css`
  .strip { display: block; overflow: visible; }
  :host([rtl]) :is(.strip, .spark, .figures svg) { transform: scaleX(-1); }
  .c-o { fill: var(--pbc-ok); }
  .c-w { fill: var(--pbc-warning); stroke: var(--pbc-edge); stroke-width: 1; }
  .c-f { fill: var(--pbc-bad); }
  .c-m { fill: none; stroke: var(--pbc-bad); stroke-width: 2; }
  .c-r { fill: var(--pbc-running); animation: pbc-pulse 1.4s ease-in-out infinite alternate; }
  .c-p { fill: none; stroke: var(--pbc-muted); stroke-width: 1; }
  .c-n { fill: var(--pbc-muted); opacity: 0.65; }
  .c-u { fill: var(--pbc-muted); opacity: 0.5; }
  .cursor { fill: none; stroke: var(--primary-text-color, #212121); stroke-width: 1.5; }
  @keyframes pbc-pulse { to { opacity: 0.45; } }
  @media (prefers-reduced-motion: reduce) { .c-r { animation: none; } }
  @media (forced-colors: active) {
    .c-o, .c-w, .c-n, .c-u, .c-r { fill: CanvasText; }
    .c-f { fill: Highlight; }
    .c-m { stroke: Highlight; }
    .mark { --tone: CanvasText; }
  }
`;
