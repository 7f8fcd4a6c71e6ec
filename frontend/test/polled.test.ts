import type { ReactiveControllerHost } from "lit";
import { expect, test } from "vitest";
import { Polled } from "../src/data/polled";
import type { Hass } from "../src/ha/types";

const host = { addController: () => {}, requestUpdate: () => {} } as unknown as ReactiveControllerHost;
const hass = { connection: {} } as Hass;

/** Something that answers when it is told to. */
function slow() {
  const waiting: { answer: (text: string) => void; fail: (error: Error) => void }[] = [];
  const polled = new Polled(host, () => new Promise<string>((answer, fail) => waiting.push({ answer, fail })));
  polled.watch(hass, undefined);
  const question = (n: number) => {
    const found = waiting[n];
    if (!found) throw new Error(`nobody has asked ${n + 1} times`);
    return found;
  };
  return { polled, question };
}

test("an answer that comes after that to a later question is dropped", async () => {
  const { polled, question } = slow();
  const last = polled.load();
  question(1).answer("later");
  await last;
  question(0).answer("earlier");
  await Promise.resolve();
  expect(polled.answer).toBe("later");
});

test("an error that comes after the answer to a later question is dropped", async () => {
  const { polled, question } = slow();
  const last = polled.load();
  question(1).answer("later");
  await last;
  question(0).fail(new Error("gone"));
  await new Promise((done) => setTimeout(done));
  expect([polled.answer, polled.error]).toEqual(["later", ""]);
});

test("what was there stays when it cannot be asked for again, with what went wrong", async () => {
  const { polled, question } = slow();
  question(0).answer("there");
  await new Promise((done) => setTimeout(done));
  const again = polled.load();
  question(1).fail(new Error("gone"));
  await again;
  expect([polled.answer, polled.error]).toEqual(["there", "gone"]);
});
