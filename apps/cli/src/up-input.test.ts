import { deepEqual, equal, match, ok } from "node:assert/strict";
import { chmodSync, mkdirSync, readdirSync, symlinkSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { describe, test } from "node:test";
import { GivenDirectory } from "@seedfleet/content-fs/testing";
import { type Ended, eventsOf, FREE_PORTS, linesOf, RunningCli, runToEnd } from "./testing.ts";

type GivenInput = {
  readonly given: string;
  readonly args: readonly string[];
  readonly code: number;
  readonly says: RegExp;
  readonly env?: Readonly<Record<string, string>>;
};

const inputs: readonly GivenInput[] = [
  {
    given: "a missing path",
    args: ["content", "contnet"],
    code: 1,
    says: /^seedfleet: Cannot seed contnet: there is nothing at that path; check its spelling$/,
  },
  {
    given: "an empty directory",
    args: ["empty"],
    code: 1,
    says: /^seedfleet: Cannot seed .*empty: it holds no file with any bytes in it; put some/,
  },
  {
    given: "a directory of empty files and links",
    args: ["hollow"],
    code: 1,
    says: /^seedfleet: Cannot seed .*hollow: it holds no file with any bytes in it; put some/,
  },
  {
    given: "an unknown flag",
    args: ["content", "--peer-prot", "1"],
    code: 2,
    says: /^seedfleet: Unknown option '--peer-prot'; see seedfleet up --help$/,
  },
  {
    given: "a port that is none",
    args: ["content", "--tracker-port", "65536"],
    code: 2,
    says: /^seedfleet: --tracker-port is a port from 1 to 65535, or 0 for a free one, not "65536"$/,
  },
  {
    given: "a host that is every address",
    args: ["content", "--host", "0.0.0.0"],
    code: 2,
    says: /^seedfleet: --host 0\.0\.0\.0 is every address, but peers must be told one: pass/,
  },
  {
    given: "a host that is not this machine's",
    args: ["content", "--host", "192.0.2.1"],
    code: 1,
    says: /^seedfleet: Cannot listen on 192\.0\.2\.1:0 for peers: this machine has no such add/,
  },
  {
    given: "a setting nobody knows",
    args: ["content"],
    env: { SEEDFLEET_GATEWAY_CACHE_BITES: "1" },
    code: 1,
    says: /^seedfleet: .*SEEDFLEET_GATEWAY_CACHE_BITES.*SEEDFLEET_GATEWAY_CACHE_BYTES/,
  },
  {
    given: "a setting that is wrong",
    args: ["content"],
    env: { SEEDFLEET_LOG_LEVEL: "loud" },
    code: 1,
    says: /^seedfleet: .*SEEDFLEET_LOG_LEVEL/,
  },
  {
    given: "a data directory that is a file",
    args: ["content", "--data-dir", "content/a file"],
    code: 1,
    says: /^seedfleet: Cannot use the data directory .*\/a file: .*name another with --data/,
  },
];

// Each is a process and a directory of its own, so they need not wait for each other.
describe("up given wrong input ends with one line", { concurrency: 3 }, () => {
  for (const input of inputs) test(`up given ${input.given}`, () => isRefused(input));

  for (const purpose of ["peer", "tracker", "console"] as const) {
    test(`up given a ${purpose} port in use`, async () => {
      await using port = await givenPortInUse();
      await isRefused({
        given: "a port in use",
        args: ["content", `--${purpose}-port`, String(port.number)],
        code: 1,
        says: new RegExp(
          `^seedfleet: Cannot listen on 127\\.0\\.0\\.1:${port.number} for .*: ` +
            "the port is in use; stop the other program, choose another port, or 0 for a free one$",
        ),
      });
    });
  }
});

test("up given a file that it may not read says which, and leaves nothing behind", async () => {
  using place = givenPlace();
  const secret = place.at("content/deep/secret");
  place.write("content/deep/secret", "x");
  chmodSync(secret, 0);
  // It could make its data directory here.
  chmodSync(place.path, 0o777);
  // Root may read anything, so the command is run by a process that is nobody.
  const ended = await runToEnd(["up", "content", ...FREE_PORTS], {
    cwd: place.path,
    script: AS_NOBODY,
  });
  match(oneLine(ended), new RegExp(`^seedfleet: Cannot read ${secret}: this process may not`));
  equal(ended.code, 1);
  deepEqual(readdirSync(place.path).toSorted(), ["content", "empty", "hollow"]);
});

test("up given a data directory that another process uses says so", async () => {
  using place = givenPlace();
  const args = ["up", "content", ...FREE_PORTS, "--data-dir", "data", "--json"];
  await using first = new RunningCli(args, { cwd: place.path });
  await first.event("ready");
  const before = readdirSync(place.at("data"), { recursive: true }).toSorted();
  const ended = await runToEnd(args, { cwd: place.path, env: { SEEDFLEET_LOG_LEVEL: "silent" } });
  match(oneLine(ended), /^seedfleet: .*data.*(another|other)/);
  equal(ended.code, 1);
  const [told] = eventsOf(ended.stdout);
  deepEqual([told?.event, told?.["code"]], ["error", "data-directory-in-use"]);
  deepEqual(readdirSync(place.at("data"), { recursive: true }).toSorted(), before);
  first.kill("SIGTERM");
  equal((await first.ended).code, 0);
});

test("seedfleet given a command there is not, help and a version", async () => {
  using place = givenPlace();
  const options = { cwd: place.path };
  const commands = [["pu"], ["--help"], ["up", "--help"], ["publish", "--help"], ["version"]];
  const ended = await Promise.all(commands.map((args) => runToEnd(args, options)));
  const [unknown, ...told] = ended;
  ok(unknown !== undefined);
  equal(unknown.code, 2);
  equal(oneLine(unknown), 'seedfleet: There is no command "pu"; see seedfleet --help');
  for (const { code, stderr, stdout } of told) {
    deepEqual([code, stderr], [0, ""]);
    ok(stdout.startsWith("Usage: seedfleet") || /^seedfleet \d+\.\d+\.\d+\n$/.test(stdout));
  }
  deepEqual(readdirSync(place.path).toSorted(), ["content", "empty", "hollow"]);
});

const AS_NOBODY = `
  const { runCli } = await import(${JSON.stringify(join(import.meta.dirname, "run-cli.ts"))});
  if (process.getuid() === 0) {
    process.setgroups([]);
    process.setgid(65534);
    process.setuid(65534);
  }
  process.exitCode = await runCli(process.argv.slice(1));
`;

async function isRefused({ args, code, says, env = {} }: GivenInput): Promise<void> {
  using place = givenPlace();
  const ended = await runToEnd(["up", ...FREE_PORTS, ...args], { cwd: place.path, env });
  match(oneLine(ended), says);
  equal(ended.code, code);
  equal(ended.stdout, "");
  deepEqual(readdirSync(place.path).toSorted(), ["content", "empty", "hollow"]);
}

/** Content that may be seeded, a directory without any, and one whose files hold nothing. */
function givenPlace(): GivenDirectory {
  const place = new GivenDirectory({ "content/a file": "bytes", "hollow/nothing": "" });
  mkdirSync(place.at("empty"));
  symlinkSync(place.at("content"), place.at("hollow/link"));
  return place;
}

async function givenPortInUse(): Promise<AsyncDisposable & { readonly number: number }> {
  const server = createServer();
  const { promise, resolve } = Promise.withResolvers<void>();
  server.listen(0, "127.0.0.1", resolve);
  await promise;
  const address = server.address();
  ok(address !== null && typeof address === "object");
  return {
    number: address.port,
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

function oneLine({ stderr }: Ended): string {
  const lines = linesOf(stderr);
  equal(lines.length, 1, stderr);
  return lines[0] ?? "";
}
