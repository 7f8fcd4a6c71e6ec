/** Puts an element on the page and waits until it has drawn itself. */

import "../src/main";
import "../src/rest";
import "../src/dashboard/dashboard-elements";
import "../src/backup-server/server-elements";
import "../src/compact/line-elements";
import "../src/details/details-elements";
import "../src/survival/survival-elements";
import { type FakeConnection, fakeHass, type World } from "../dev/fake-hass";
import type { Hass } from "../src/ha/types";

export interface Shown {
  element: HTMLElement & { updateComplete: Promise<boolean>; hass: Hass; setConfig(config: object): void };
  hass: Hass & { connection: FakeConnection };
  /** All text, as a screen reader comes by it. */
  text(): string;
  find<E extends Element = HTMLElement>(selector: string): E[];
  settle(): Promise<void>;
}

export async function settle(): Promise<void> {
  // Words, sizes and the parts of the bundle come in later turns.
  for (let turn = 0; turn < 6; turn++) await new Promise((done) => setTimeout(done));
}

function* within(root: Element | ShadowRoot): Generator<Element> {
  for (const child of root.children) {
    yield child;
    yield* within(child);
    if (child.shadowRoot) yield* within(child.shadowRoot);
  }
}

function textOf(node: Node): string {
  if (node.nodeType === 3) return node.nodeValue ?? "";
  if (node instanceof Element && node.localName === "style") return "";
  const inside = node instanceof Element && node.shadowRoot ? [...node.shadowRoot.childNodes] : [];
  return [...inside, ...node.childNodes].map(textOf).join(" ");
}

export async function show(
  tag: string,
  world: World = {},
  config: object = {},
  properties: object = {},
): Promise<Shown> {
  const hass = fakeHass(world);
  const element = document.createElement(tag) as Shown["element"];
  Object.assign(element, properties);
  element.setConfig?.({ type: `custom:${tag}`, ...config });
  element.hass = hass;
  document.body.replaceChildren(element);
  await settle();
  return {
    element,
    hass,
    text: () => textOf(element).replace(/\s+/g, " "),
    find: <E extends Element>(selector: string) =>
      (element.shadowRoot ? [...within(element.shadowRoot)] : []).filter((found) => found.matches(selector)) as E[],
    settle,
  };
}
