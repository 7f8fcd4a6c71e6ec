import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { fakeHass, type World } from "../dev/fake-hass";
import { WallStore } from "../src/data/wall-store";

const UNKNOWN = { code: "unknown_command", message: "Unknown command." };

function follow(world: World) {
  const { connection } = fakeHass(world);
  const store = new WallStore(connection, { group: "guest", days: 30, language: "en" });
  const changed = vi.fn();
  return { connection, store, changed, stop: store.listen(changed) };
}

const tries = (connection: { sent: { type: string }[] }) =>
  connection.sent.filter(({ type }) => type.endsWith("subscribe")).length;

describe("a subscription", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  test("waits for an integration that is not there yet, longer each time, and says so after a while", async () => {
    const { connection, store } = follow({ refusal: UNKNOWN });
    await vi.advanceTimersByTimeAsync(2_000);
    expect(store.state.phase).toBe("loading");
    await vi.advanceTimersByTimeAsync(15_000);
    expect(store.state.phase).toBe("not_loaded");
    const before = tries(connection);
    expect(before).toBeLessThan(8);
    connection.world.refusal = undefined as never;
    await vi.advanceTimersByTimeAsync(31_000);
    expect(store.state.phase).toBe("ready");
    expect(store.state.rows.length).toBeGreaterThan(0);
  });

  test("begins anew after the connection was lost, even where the integration answers later than Home Assistant", async () => {
    const { connection, store } = follow({});
    await vi.advanceTimersByTimeAsync(0);
    connection.tell("disconnected");
    expect(store.state).toMatchObject({ connected: false, phase: "ready" });
    connection.world.refusal = UNKNOWN;
    connection.tell("ready");
    await vi.advanceTimersByTimeAsync(0);
    expect(store.state.rows.length).toBeGreaterThan(0);
    connection.world.refusal = undefined as never;
    await vi.advanceTimersByTimeAsync(1_500);
    expect(store.state.connected).toBe(true);
    expect(connection.subscribers.length).toBe(2);
  });

  test("keeps its rows when it is refused, and tries again by itself", async () => {
    const { connection, store } = follow({ refusal: { code: "home_assistant_error", message: "No." } });
    await vi.advanceTimersByTimeAsync(0);
    expect(store.state).toMatchObject({ phase: "failed", error: "No." });
    connection.world.refusal = undefined as never;
    await vi.advanceTimersByTimeAsync(30_000);
    expect(store.state.phase).toBe("ready");
  });

  test("is shared, outlives a change of the view, and ends when nobody looks", async () => {
    const { connection, store, stop } = follow({});
    const second = store.listen(() => undefined);
    await vi.advanceTimersByTimeAsync(0);
    expect(tries(connection)).toBe(1);
    stop();
    second();
    await vi.advanceTimersByTimeAsync(1_000);
    const third = store.listen(() => undefined);
    await vi.advanceTimersByTimeAsync(5_000);
    expect(connection.subscribers).toHaveLength(1);
    third();
    await vi.advanceTimersByTimeAsync(5_000);
    expect(connection.subscribers).toHaveLength(0);
  });

  test("tells whoever listens of each change", async () => {
    const { connection, changed, store } = follow({});
    await vi.advanceTimersByTimeAsync(0);
    changed.mockClear();
    connection.push({ t: "rows", rows: [], gone: [store.state.rows[0]?.id ?? ""] });
    expect(changed).toHaveBeenCalledTimes(1);
  });
});
