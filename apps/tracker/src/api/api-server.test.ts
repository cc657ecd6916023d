import { deepEqual, equal, match, ok } from "node:assert/strict";
import { test } from "node:test";
import { createBus } from "@seedfleet/bus";
import { openEmbeddedBus } from "@seedfleet/bus-embedded";
import { silentTelemetry } from "@seedfleet/telemetry";
import { VirtualClock } from "@seedfleet/testkit";
import { openUserDirectory, type UserDirectory } from "../users/user-directory.ts";
import { bindApi } from "./api-server.ts";

const TOKEN = "a-token-of-the-test";

test("the API makes, lists and revokes users for whoever has the token", async (t) => {
  const { ask } = await givenApi(t);
  const made = await ask("POST", "/users", { body: { name: "Alice" } });
  equal(made.status, 201);
  match(made.body.passkey ?? "", /^[0-9a-f]{32}$/);
  deepEqual(made.body.announceUrls, [`http://tracker/${made.body.passkey}/announce`]);

  const listed = await ask("GET", "/users");
  equal(listed.body.users?.length, 1);
  ok(!JSON.stringify(listed.body).includes(made.body.passkey ?? "none"));
  const path = `/users/${made.body.id}`;
  equal((await ask("GET", path)).body.name, "Alice");
  equal((await ask("GET", path)).body.revokedAtMs, null);
  equal((await ask("DELETE", path)).status, 204);
  equal((await ask("GET", path)).body.revokedAtMs, 0);
});

test("the API tells nothing and does nothing without the token", async (t) => {
  const { ask, users } = await givenApi(t);
  for (const authorization of ["", "Bearer wrong", `Basic ${TOKEN}`, `Bearer ${TOKEN}x`]) {
    const headers = { authorization };
    equal((await ask("POST", "/users", { body: { name: "Eve" }, headers })).status, 401);
    equal((await ask("GET", "/users", { headers })).status, 401);
    equal((await ask("GET", "/nothing", { headers })).status, 401);
  }
  deepEqual(await users.list(), []);
});

const malformed = [
  { given: "no name", body: {} },
  { given: "an empty name", body: { name: "" } },
  { given: "a long name", body: { name: "x".repeat(129) } },
  { given: "another field", body: { name: "x", passkey: "mine" } },
];

for (const { given, body } of malformed) {
  test(`POST /users given ${given} is refused`, async (t) => {
    const { ask } = await givenApi(t);
    const refused = await ask("POST", "/users", { body });
    equal(refused.status, 400);
    match(refused.body.error ?? "", /./);
  });
}

test("the API says what is not there", async (t) => {
  const { ask } = await givenApi(t);
  equal((await ask("GET", "/users/0123456789abcdef")).status, 404);
  equal((await ask("DELETE", "/users/..%2F")).status, 404);
  equal((await ask("GET", "/")).status, 404);
});

type ToldUser = {
  readonly id: string;
  readonly name: string;
  readonly passkey: string;
  readonly announceUrls: readonly string[];
  readonly revokedAtMs: number | null;
  readonly error: string;
  readonly users: readonly ToldUser[];
};

type Asked = { readonly status: number; readonly body: Partial<ToldUser> };

async function givenApi(t: { after(done: () => Promise<void>): void }): Promise<{
  ask(
    method: string,
    path: string,
    options?: { body?: object; headers?: Record<string, string> },
  ): Promise<Asked>;
  users: UserDirectory;
}> {
  const clock = new VirtualClock();
  const bus = createBus(openEmbeddedBus({ file: null }), { clock, telemetry: silentTelemetry });
  const api = await bindApi({ host: "127.0.0.1", port: 0, token: TOKEN });
  t.after(async () => {
    await api[Symbol.asyncDispose]();
    await bus.close();
  });
  const users = await openUserDirectory(bus, clock, silentTelemetry.log);
  const announceUrls = (passkey: string) => [`http://tracker/${passkey}/announce`];
  api.show({ users, announceUrls }, () => {});
  return {
    users,
    async ask(method, path, { body, headers = {} } = {}) {
      const response = await fetch(`${api.url}${path}`, {
        method,
        headers: {
          authorization: `Bearer ${TOKEN}`,
          ...(body === undefined ? {} : { "content-type": "application/json" }),
          ...headers,
        },
        body: body === undefined ? null : JSON.stringify(body),
      });
      const text = await response.text();
      return { status: response.status, body: text === "" ? {} : JSON.parse(text) };
    },
  };
}
