import { deepEqual, equal, match, ok } from "node:assert/strict";
import { test } from "node:test";
import { SeedfleetError } from "@seedfleet/runtime";
import { formatBytes, formatCount, formatDuration } from "./format.ts";
import { hashingLine, hashingPace } from "./hashing-progress.ts";
import { humanReporter, jsonReporter, type Reporter, type Seeding } from "./reporter.ts";
import { eventsOf } from "./testing.ts";

const sizes = [
  [0, "0 B"],
  [999, "999 B"],
  [1_000, "1.0 kB"],
  [1_550, "1.6 kB"],
  [99_940, "99.9 kB"],
  [99_950, "100 kB"],
  [999_499, "999 kB"],
  [999_500, "1.0 MB"],
  [1_234_567_890, "1.2 GB"],
  [5e15, "5.0 PB"],
  [5e18, "5000 PB"],
] as const;

for (const [bytes, then] of sizes) {
  test(`formatBytes() given ${bytes}`, () => equal(formatBytes(bytes), then));
}

const durations = [
  [-1, "0 s"],
  [0, "0 s"],
  [499, "0 s"],
  [59_499, "59 s"],
  [59_500, "1 min 0 s"],
  [200_000, "3 min 20 s"],
  [3_599_499, "59 min 59 s"],
  [3_600_000, "1 h 0 min"],
  [7_500_000, "2 h 5 min"],
] as const;

for (const [durationMs, then] of durations) {
  test(`formatDuration() given ${durationMs} ms`, () => equal(formatDuration(durationMs), then));
}

test("formatCount() given one and others", () => {
  deepEqual(
    [0, 1, 2].map((count) => formatCount(count, "file")),
    ["0 files", "1 file", "2 files"],
  );
});

const progress = [
  {
    given: "nothing hashed yet",
    at: { hashedBytes: 0, totalBytes: 1_000 },
    elapsedMs: 0,
    then: `Hashing debian [${" ".repeat(24)}]   0 %  0 B/s`,
  },
  {
    given: "a quarter in 4 s",
    at: { hashedBytes: 250_000_000, totalBytes: 1_000_000_000 },
    elapsedMs: 4_000,
    then: `Hashing debian [######${" ".repeat(18)}]  25 %  62.5 MB/s  12 s left`,
  },
  {
    given: "all but a byte",
    at: { hashedBytes: 999_999, totalBytes: 1_000_000 },
    elapsedMs: 1_000,
    then: `Hashing debian [${"#".repeat(23)} ]  99 %  1.0 MB/s  0 s left`,
  },
  {
    given: "everything",
    at: { hashedBytes: 1_000, totalBytes: 1_000 },
    elapsedMs: 1_000,
    then: `Hashing debian [${"#".repeat(24)}] 100 %  1.0 kB/s  0 s left`,
  },
  {
    given: "files that are still listed",
    at: { hashedBytes: 0, totalBytes: 0 },
    elapsedMs: 1_000,
    then: `Hashing debian [${" ".repeat(24)}]   0 %  0 B/s`,
  },
] as const;

for (const { given, at, elapsedMs, then } of progress) {
  test(`hashingLine() given ${given}`, () => {
    equal(hashingLine({ name: "debian", ...at }, elapsedMs), then);
  });
}

test("hashingLine() given a long name still fits a terminal", () => {
  const at = { name: "n".repeat(300), hashedBytes: 5e14, totalBytes: 1e15 };
  ok(hashingLine(at, 90 * 3_600_000).length <= 100);
});

test("hashingPace() given no time gives no rate", () => {
  const at = { name: "a", hashedBytes: 5, totalBytes: 10 };
  deepEqual(hashingPace(at, 0), { bytesPerSecond: 0, remainingMs: null });
  deepEqual(hashingPace(at, 1_000), { bytesPerSecond: 5, remainingMs: 1_000 });
});

const SEEDING: Seeding = {
  pid: 7,
  torrents: [
    {
      ...{ name: "a\nb", infoHash: "ab".repeat(20), sizeBytes: 1_500, fileCount: 2 },
      ...{ v1TorrentFile: null, v1Magnet: null },
      ...{ torrentFile: "/d/a.torrent", torrentUrl: "http://c/t", magnet: "magnet:?xt" },
    },
  ],
  ...{ trackerUrls: ["http://t/announce"], peerAddress: "127.0.0.1:6881" },
  ...{ consoleUrl: "http://c", adminUrl: "http://m", reachable: false, suggestedHost: "192.0.2.1" },
};

test("jsonReporter() given all there is to tell says one object a line", () => {
  const said = given(jsonReporter);
  tellAll(said.reporter);
  const events = eventsOf(said.out.join(""));
  deepEqual(
    events.map(({ event }) => event),
    ["hashing", "published", "skipped", "ready", "reachability", "torrent", "stopping", "error"],
  );
  equal(said.out.length, events.length);
  const { reachable: _, suggestedHost: __, ...told } = SEEDING;
  deepEqual(events[3], { event: "ready", ...told });
  deepEqual(events[0], {
    ...{ event: "hashing", name: "a", hashedBytes: 5, totalBytes: 10 },
    ...{ bytesPerSecond: 5, remainingMs: 1_000 },
  });
  deepEqual(events[4], {
    ...{ event: "reachability", peerAddress: "192.0.2.1:6881" },
    ...{ reachable: false, outcome: "refused" },
  });
  deepEqual(events[7], { event: "error", code: "no-luck", message: "Cannot go on: no luck" });
  deepEqual(said.err, ["seedfleet: Cannot go on: no luck\n"]);
});

test("humanReporter() given a terminal draws one line over the other", () => {
  const { reporter, err } = given((output) => humanReporter({ ...output, redraws: true }));
  reporter.hashing({ name: "a", hashedBytes: 5, totalBytes: 10 }, 1_000);
  reporter.hashing({ name: "a", hashedBytes: 10, totalBytes: 10 }, 1_000);
  reporter.published({ name: "a", hashed: true });
  reporter.published({ name: "b", hashed: false });
  deepEqual(err.slice(1, 2).concat(err.slice(3)), [
    ...["\r\x1b[K", "\r\x1b[K", "Hashed a\n"],
    "b has not changed since it was hashed\n",
  ]);
});

test("humanReporter() given a failure in the middle of a line clears the line first", () => {
  const { reporter, err } = given((output) => humanReporter({ ...output, redraws: true }));
  reporter.hashing({ name: "a", hashedBytes: 5, totalBytes: 10 }, 1_000);
  reporter.failed(failure());
  deepEqual(err.slice(1), ["\r\x1b[K", "seedfleet: Cannot go on: no luck\n"]);
});

test("humanReporter() given a file draws nothing, and keeps the two outputs apart", () => {
  const { reporter, out, err } = given(humanReporter);
  tellAll(reporter);
  const text = out.join("");
  match(text, /\nSeeding a\\u\{a\}b \(1\.5 kB, 2 files\)\n {2}torrent URL {3}http:\/\/c\/t\n/);
  match(
    text,
    /\nTracker http:\/\/t\/announce, peers 127\.0\.0\.1:6881\nConsole http:\/\/c\/torrents/,
  );
  match(text, /such as --host 192\.0\.2\.1\.\nCtrl-C stops\.\n/);
  match(text, /c {2}1 B {2}http:\/\/u\n$/);
  deepEqual(err, [
    "Hashed a\n",
    "Left out of /p, being no regular files: w, x, y and 2 more\n",
    "Peers may not reach 192.0.2.1:6881 (refused): forward the port\n",
    ...["\nStopping…\n", "seedfleet: Cannot go on: no luck\n"],
  ]);
});

test("humanReporter() given an address that others reach says nothing of sharing", () => {
  const { reporter, out } = given(humanReporter);
  reporter.ready({ ...SEEDING, reachable: true });
  ok(!out.join("").includes("share"));
});

test("humanReporter() given a gateway that reached itself says that", () => {
  const { reporter, err } = given(humanReporter);
  const peerAddress = "[2001:db8::1]:6881";
  reporter.reachability({ peerAddress, outcome: "reached", advice: "" });
  deepEqual(err, ["The peers' address [2001:db8::1]:6881 leads here\n"]);
});

function tellAll(reporter: Reporter): void {
  reporter.hashing({ name: "a", hashedBytes: 5, totalBytes: 10 }, 1_000);
  reporter.published({ name: "a", hashed: true });
  reporter.skipped("/p", ["w", "x", "y", "z", "zz"]);
  reporter.ready(SEEDING);
  const peerAddress = "192.0.2.1:6881";
  reporter.reachability({ peerAddress, outcome: "refused", advice: "forward the port" });
  reporter.listed({ name: "c", infoHash: "cd", sizeBytes: 1, torrentUrl: "http://u" });
  reporter.stopping("SIGINT");
  reporter.failed(failure());
}

function failure(): SeedfleetError {
  return new SeedfleetError("Cannot go on: no luck", { code: "no-luck" });
}

function given(make: typeof humanReporter): { reporter: Reporter; out: string[]; err: string[] } {
  const out: string[] = [];
  const err: string[] = [];
  const reporter = make({
    out: (text) => void out.push(text),
    err: (text) => void err.push(text),
    redraws: false,
  });
  return { reporter, out, err };
}
