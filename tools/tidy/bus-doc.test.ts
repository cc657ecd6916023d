import { equal, ok } from "node:assert/strict";
import { test } from "node:test";
import * as contracts from "../../libs/contracts/src/index.ts";
import { BUS_DOC, busDoc } from "../bus-doc.ts";
import { USERS_CONF, USERS_VALUES, usersConf, usersValues } from "../nats/nats-users.ts";
import { read } from "./repository.ts";

test("the users of NATS may do what the contracts say", () => {
  const toDo = "run node tools/nats/nats-users.ts";
  equal(read(USERS_CONF), usersConf(), `${USERS_CONF} is out of date: ${toDo}`);
  equal(read(USERS_VALUES), usersValues(), `${USERS_VALUES} is out of date: ${toDo}`);
});

test("docs/bus.md is what the contracts say", () => {
  equal(read(BUS_DOC), busDoc(), `${BUS_DOC} is out of date: run node tools/bus-doc.ts`);
});

test("docs/bus.md has every subject of the contracts", () => {
  const page = busDoc();
  for (const [name, value] of Object.entries(contracts)) {
    const subject = typeof value === "object" && "subject" in value ? value.subject : null;
    ok(subject === null || page.includes(`\`${subject}\``), `tools/bus-contracts.ts: add ${name}`);
  }
});
