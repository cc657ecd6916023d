import { equal, match, ok, rejects } from "node:assert/strict";
import { isIP } from "node:net";
import { test } from "node:test";
import { hostAddress, isLoopback, joinHostPort, outwardAddress } from "./reachable-host.ts";

for (const host of ["127.0.0.1", "192.0.2.1", "::1", "2001:db8::1"]) {
  test(`hostAddress() given ${host} takes it as it is`, async () => {
    equal(await hostAddress(host), host);
  });
}

test("hostAddress() given a name finds its address", async () => {
  ok(isLoopback(await hostAddress("localhost")));
});

for (const host of ["0.0.0.0", "::", "0:0:0:0:0:0:0:0", "::0", "0::0.0.0.0", "::ffff:0.0.0.0"]) {
  test(`hostAddress() given ${host} asks for one address`, async () => {
    await rejects(hostAddress(host), (error: Error & { detail?: { code: string } }) => {
      equal(error.detail?.code, "usage");
      match(error.message, /is every address, but peers must be told one: pass .*such as --host /);
      return true;
    });
  });
}

for (const host of ["", "no such host", "host.invalid", "300.1.1.1", "127.0.0.1:80"]) {
  test(`hostAddress() given "${host}" says that it is none`, async () => {
    await rejects(hostAddress(host), {
      detail: { code: "usage" },
      message: `--host ${host} is no address and no name that resolves to one`,
    });
  });
}

test("outwardAddress() is an address that is not the loopback's, if there is one", () => {
  const address = outwardAddress();
  ok(address === null || (isIP(address) !== 0 && !isLoopback(address)));
});

test("isLoopback() given addresses", () => {
  for (const address of ["127.0.0.1", "127.9.9.9", "::1"]) ok(isLoopback(address));
  for (const address of ["192.0.2.127", "::", "2001:db8::1"]) ok(!isLoopback(address));
});

test("joinHostPort() brackets IPv6", () => {
  equal(joinHostPort({ host: "192.0.2.1", port: 1 }), "192.0.2.1:1");
  equal(joinHostPort({ host: "::1", port: 1 }), "[::1]:1");
});
