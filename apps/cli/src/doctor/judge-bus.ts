import type { InspectedStore, NatsInspection } from "@seedfleet/bus-nats";
import { formatBytes, formatCount } from "../format.ts";
import { type About, type Finding, ok, problem, warning } from "./finding.ts";
import type { ObservedBus } from "./observed.ts";

/** Over this every piece that is not cached comes late; within one region it is a millisecond. */
export const ROUND_TRIP_WARNED_MS = 100;

/** Of what JetStream may keep: the catalog grows slowly, so there is time to make room. */
export const JETSTREAM_FULL_SHARE_WARNED = 0.9;

const NAME_THE_FLEET = `start nats-server -js there, or name the fleet's bus with --bus or \
SEEDFLEET_NATS_URL; for a fleet of seedfleet up, run this where it was started, or with its \
--data-dir`;

/** How the bus is. */
export function judgeBus(bus: ObservedBus): readonly Finding[] {
  if (bus.kind === "embedded") return [judgeEmbedded(bus)];
  const { looked, servers, replicas } = bus;
  const about: About = { check: "bus", subject: servers.join(", ") };
  if (looked.kind === "late") {
    return [problem(about, `NATS does not answer within ${looked.afterMs / 1_000} s`, REACH)];
  }
  if (looked.kind === "seen") return judgeNats(about, looked.seen, replicas);
  if (looked.code === "bus-unauthorized") {
    return [problem(about, "NATS refuses the credentials", CREDENTIALS)];
  }
  if (looked.code === "bus-unreachable") {
    return [problem(about, "NATS does not answer", NAME_THE_FLEET)];
  }
  return [problem(about, `NATS went away while it was asked: ${looked.reason}`, REACH)];
}

const REACH = "check that nats-server runs there, and the network and firewalls on the way to it";

const CREDENTIALS = `set SEEDFLEET_NATS_USER and SEEDFLEET_NATS_PASSWORD, or SEEDFLEET_NATS_TOKEN, \
to what nats-server knows`;

function judgeEmbedded({ dataDir, isRunning }: ObservedBus & { kind: "embedded" }): Finding {
  const about: About = { check: "bus", subject: dataDir };
  return isRunning
    ? ok(about, "the bus is inside seedfleet up, which was asked by its admin port")
    : problem(
        about,
        "no seedfleet up runs with this data directory",
        `start seedfleet up, or name its directory with --data-dir, or a bus with --bus`,
      );
}

function judgeNats(about: About, nats: NatsInspection, replicas: number): readonly Finding[] {
  return [
    judgeConnection(about, nats),
    ...judgeRefusals(about, nats),
    ...judgeJetStream(about, nats),
    ...judgeStores(about, nats, replicas),
  ];
}

function judgeConnection(
  about: About,
  { version, roundTripMs, encrypted }: NatsInspection,
): Finding {
  const roundTrip = roundTripMs < 1 ? "under 1 ms" : `${Math.round(roundTripMs)} ms`;
  const how = encrypted ? ", encrypted" : "";
  const found = `nats-server ${version} answers in ${roundTrip}${how}`;
  if (roundTripMs <= ROUND_TRIP_WARNED_MS) return ok(about, found);
  const todo = "have a NATS server in the same region, since every piece that is not cached waits";
  return warning(about, found, todo);
}

function judgeRefusals(about: About, { refused }: NatsInspection): readonly Finding[] {
  if (refused.length === 0) return [];
  const shown = refused.slice(0, 3).join(", ");
  const more = refused.length > 3 ? ` and ${refused.length - 3} more` : "";
  const todo = refused.some((subject) => subject.startsWith("_INBOX"))
    ? "set SEEDFLEET_NATS_INBOX to the inbox that this user may listen at, as _INBOX_cli"
    : "give this user what deploy/nats/users.conf gives the user cli, or use another user";
  return [problem(about, `this user of NATS may not use ${shown}${more}`, todo)];
}

function judgeJetStream(about: About, { jetStream }: NatsInspection): readonly Finding[] {
  switch (jetStream.kind) {
    case "off": {
      const todo = "start nats-server with -js, or with jetstream {} in its configuration";
      return [problem(about, `JetStream is off (${jetStream.reason})`, todo)];
    }
    case "silent": {
      const todo = "start enough servers of the cluster that more than half of them run";
      return [problem(about, "JetStream does not answer: its cluster may have no leader", todo)];
    }
    case "refused": {
      const todo = "give this user what deploy/nats/users.conf gives the user cli";
      return [warning(about, "this user of NATS may not ask how JetStream is", todo)];
    }
    case "on":
      return [judgeRoom(about, jetStream)];
  }
}

function judgeRoom(
  about: About,
  {
    storageBytes,
    storageBytesMax,
  }: { readonly storageBytes: number; readonly storageBytesMax: number | null },
): Finding {
  const used = `JetStream is on and keeps ${formatBytes(storageBytes)}`;
  if (storageBytesMax === null) return ok(about, used);
  const found = `${used} of ${formatBytes(storageBytesMax)}`;
  const todo = "raise what JetStream may keep: once it is full nothing can be published";
  if (storageBytes >= storageBytesMax) return problem(about, found, todo);
  const isFull = storageBytes >= storageBytesMax * JETSTREAM_FULL_SHARE_WARNED;
  return isFull ? warning(about, found, todo) : ok(about, found);
}

/** The catalog and all else that is durable: whether it is there, and at enough servers. */
function judgeStores(
  about: About,
  { stores, serverCount, jetStream }: NatsInspection,
  replicas: number,
): readonly Finding[] {
  if (jetStream.kind !== "on") return [];
  const there = stores.filter(({ state }) => state === "there");
  const findings = [judgePresence(about, stores, there), ...judgeSilent(about, stores)];
  findings.push(...there.flatMap((store) => judgeCopies(about, store)));
  if (replicas > serverCount) {
    const found = `SEEDFLEET_NATS_REPLICAS asks for ${formatCount(replicas, "server")}, \
and NATS has ${serverCount}`;
    const todo = "set it to no more than there are servers, or no bucket can be made";
    findings.push(problem(about, found, todo));
  }
  const fewer = there.filter((store) => store.replicas < replicas);
  const [first] = fewer;
  if (first !== undefined) {
    const found = `SEEDFLEET_NATS_REPLICAS asks for ${replicas} copies, \
and ${named(fewer)} ${fewer.length === 1 ? "has" : "have"} fewer`;
    const todo = `run nats stream edit ${first.stream} --replicas=${replicas}, for each of them`;
    findings.push(warning(about, found, todo));
  } else if (serverCount > 1 && there.some((store) => store.replicas === 1)) {
    const todo = `set SEEDFLEET_NATS_REPLICAS=3 and run nats stream edit STREAM --replicas=3 for \
each stream, since the catalog stops with the one server that has it`;
    findings.push(warning(about, `a cluster of ${serverCount} keeps one copy`, todo));
  }
  return findings;
}

function judgePresence(
  about: About,
  stores: readonly InspectedStore[],
  there: readonly InspectedStore[],
): Finding {
  const absent = stores.filter(({ state }) => state === "absent");
  if (absent.length === 0) {
    return ok(about, `all ${there.length} buckets and queues are there`);
  }
  const found =
    there.length === 0
      ? "no bucket is there yet: no service has been on this bus"
      : `${named(absent)} not there yet: whoever needs one makes it`;
  return ok(about, found);
}

function judgeSilent(about: About, stores: readonly InspectedStore[]): readonly Finding[] {
  const silent = stores.filter(({ state }) => state === "silent" || state === "failed");
  if (silent.length === 0) return [];
  const reason = silent.find((store) => store.reason !== null)?.reason ?? "no answer";
  const todo = "see the log of nats-server, and start enough servers of its cluster";
  return [problem(about, `JetStream does not tell of ${named(silent)} (${reason})`, todo)];
}

function judgeCopies(about: About, store: InspectedStore): readonly Finding[] {
  if (!store.hasLeader) {
    const todo = "start servers of the NATS cluster until more than half of its copies are there";
    return [problem(about, `${store.stream} has no leader: nothing is read or written`, todo)];
  }
  const away = store.copies.filter(({ offline }) => offline);
  const behind = store.copies.filter(({ offline, current }) => !offline && !current);
  const servers = (copies: typeof away): string => copies.map(({ server }) => server).join(", ");
  const findings: Finding[] = [];
  if (away.length > 0) {
    const todo = "start that server again, or give its copy to another";
    findings.push(warning(about, `the copy of ${store.stream} at ${servers(away)} is away`, todo));
  }
  if (behind.length > 0) {
    const found = `the copy of ${store.stream} at ${servers(behind)} lags behind`;
    findings.push(warning(about, found, "wait for it before another server is stopped"));
  }
  return findings;
}

function named(stores: readonly InspectedStore[]): string {
  const shown = stores.slice(0, 3).map(({ name }) => name);
  const more = stores.length > 3 ? ` and ${stores.length - 3} more` : "";
  return `${shown.join(", ")}${more}`;
}
