import { deepEqual, ok } from "node:assert/strict";
import { test } from "node:test";
import { busContracts } from "../bus-contracts.ts";
import { permissionsFor, USERS } from "./permissions.ts";

test("no user may listen at another's inbox", () => {
  for (const user of USERS) {
    const { subscribe } = permissionsFor(user, busContracts());
    const inboxes = subscribe.filter((subject) => subject.startsWith("_INBOX"));
    deepEqual(inboxes, [`_INBOX_${user}.>`]);
  }
});

test("whoever is asked may answer, and nobody else", () => {
  const { publish } = permissionsFor("choking-scheduler", busContracts());
  deepEqual(
    publish.filter((subject) => subject.startsWith("_INBOX")),
    ["_INBOX_cli.>", "_INBOX_gateway.>"],
  );
});

test("only those whom a contract names are in its route", () => {
  const known = [...USERS, "all", "every process"];
  for (const { name, from, to } of busContracts()) {
    for (const who of [...from, ...to]) ok(known.includes(who), `${name} names ${who}`);
  }
});

test("no user may change or delete what is durable as a whole", () => {
  for (const user of USERS) {
    const { publish } = permissionsFor(user, busContracts());
    ok(!publish.some((subject) => /STREAM\.(?:DELETE|UPDATE|>|\*)/.test(subject)), user);
  }
});
