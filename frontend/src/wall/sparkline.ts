import { html, nothing, svg, type TemplateResult } from "lit";

/** Returns a line through the sizes that are known, days without a backup left out. */
export function sparkPath(values: readonly (number | null)[], width: number, height: number): string {
  const points = values.flatMap((value, index) => (value === null ? [] : [[index, value] as const]));
  if (points.length < 2) return "";
  const sizes = points.map(([, value]) => value);
  const low = Math.min(...sizes);
  const high = Math.max(...sizes);
  // A size that hardly changes is a flat line, not a mountain range.
  const range = Math.max(high - low, high * 0.2) || 1;
  const middle = (high + low) / 2;
  const step = width / Math.max(1, values.length - 1);
  return points
    .map(([index, value], n) => {
      const y = height / 2 - ((value - middle) / range) * (height - 3);
      return `${n ? "L" : "M"}${(index * step).toFixed(1)} ${y.toFixed(1)}`;
    })
    .join("");
}

export function sparkline(values: readonly (number | null)[] | undefined): TemplateResult {
  const d = values ? sparkPath(values, 64, 18) : "";
  return html`<svg class="spark" width="64" height="18" aria-hidden="true">
    ${d ? svg`<path d=${d}></path>` : nothing}
  </svg>`;
}
