import { equal, ok } from "node:assert/strict";
import { test } from "node:test";
import * as contracts from "../../libs/contracts/src/index.ts";
import { BUS_DOC, busDoc } from "../bus-doc.ts";
import { read } from "./repository.ts";

test("docs/bus.md is what the contracts say", () => {
  equal(read(BUS_DOC), busDoc(), `${BUS_DOC} is out of date: run node tools/bus-doc.ts`);
});

test("docs/bus.md has every subject of the contracts", () => {
  const page = busDoc();
  for (const [name, value] of Object.entries(contracts)) {
    const subject = typeof value === "object" && "subject" in value ? value.subject : null;
    ok(subject === null || page.includes(`\`${subject}\``), `tools/bus-doc.ts: add ${name}`);
  }
});
