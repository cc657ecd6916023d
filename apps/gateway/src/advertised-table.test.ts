import { deepEqual, equal, rejects, throws } from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { errorCode } from "@seedfleet/runtime";
import { advertisedIn, advertisedOf } from "./advertised-table.ts";
import { DEFAULTS, GivenGateway } from "./testing.ts";

const TABLE = `
# gateway host port
gateway-0 192.0.2.1 30681
gateway-1 - 30682   # where its node is
gateway-2 2001:db8::7 -
`;

const rows = [
  { gateway: "gateway-0", then: { host: "192.0.2.1", port: 30_681 } },
  { gateway: "gateway-1", then: { host: null, port: 30_682 } },
  { gateway: "gateway-2", then: { host: "2001:db8::7", port: null } },
] as const;

for (const { gateway, then } of rows) {
  test(`advertisedIn() given the line of ${gateway}`, () => {
    deepEqual(advertisedIn(TABLE, gateway), then);
  });
}

test("advertisedIn() given a gateway without a line says what to add", () => {
  throws(() => advertisedIn(TABLE, "gateway-3"), /add "gateway-3 HOST PORT"/);
});

test("advertisedIn() given a line for everybody else takes it where there is no other", () => {
  deepEqual(advertisedIn(`* - -\n${TABLE}`, "gateway-9"), { host: null, port: null });
  deepEqual(advertisedIn(`* - -\n${TABLE}`, "gateway-0"), { host: "192.0.2.1", port: 30_681 });
});

for (const line of ["gateway-0", "gateway-0 192.0.2.1", "a 192.0.2.1 0", "a b 65536", "a b 1 c"]) {
  test(`advertisedIn() given the line "${line}" refuses it`, () => {
    throws(
      () => advertisedIn(`\n${line}\n`, "gateway-0"),
      (error) => errorCode(error) === "advertised-line-invalid",
    );
  });
}

test("a gateway tells peers what the table says of it", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "seedfleet-advertised-"));
  t.after(() => rm(folder, { recursive: true }));
  const file = join(folder, "advertised");
  await writeFile(file, "gateway-1 192.0.2.7 30682\n");
  const config = { advertisedFile: file, advertisedHost: "192.0.2.1" };
  await using given = await GivenGateway.start([], config);
  deepEqual(given.gateway.peerAddress, { host: "192.0.2.7", port: 30_682 });
});

test("advertisedOf() given no file says which setting names it", async () => {
  const config = { ...DEFAULTS, advertisedFile: "/nowhere/advertised" };
  await rejects(advertisedOf(config), (error: Error) => {
    equal(errorCode(error), "advertised-file-unreadable");
    return error.message.includes("SEEDFLEET_GATEWAY_ADVERTISED_FILE");
  });
});
