import { expect, test } from "vitest";
import { GUESTS } from "../dev/canned";
import { fakeHass } from "../dev/fake-hass";
import type { RowData } from "../src/data/contract";
import "../src/main";
import "../src/rest";
import "../src/details/details-elements";
import type { Hass } from "../src/ha/types";

// A file of its own, since German must not have been spoken before.
test("what is opened before its words are there is loaded all the same", async () => {
  const [row] = GUESTS as [RowData];
  const element = document.createElement("pbc-details") as HTMLElement & { hass: Hass; rowId: string };
  element.rowId = row.id;
  element.hass = fakeHass({ language: "de" });
  document.body.append(element);
  await expect.poll(() => element.shadowRoot?.textContent, { timeout: 5000 }).toContain("Was zu tun ist");
});
