import type { CheckedDirectory, CheckedProcess } from "@seedfleet/contracts";
import { formatBytes, formatCount } from "../format.ts";
import { joinHostPort } from "../reachable-host.ts";
import { type About, type Finding, ok, problem, warning } from "./finding.ts";
import { nameOf } from "./judge-processes.ts";
import type { TriedPort } from "./observed.ts";

/** A disk that is fuller slows down, and is full before anybody looks. */
export const DISK_FREE_SHARE_WARNED = 0.05;

/** A few of the longest pieces: with less a download stops. */
export const DISK_FREE_BYTES_PROBLEM: number = 128 * 1024 * 1024;

/** Whether the ports that this machine's settings name are free, or taken by the fleet. */
export function judgePorts(ports: readonly TriedPort[]): readonly Finding[] {
  return ports.map((tried) => {
    const { purpose, protocol, host, port, setting, fault, holder } = tried;
    const at = `${joinHostPort({ host, port })}/${protocol}`;
    const about: About = { check: "ports", subject: `${at} for the ${purpose}` };
    if (fault === null) return ok(about, "it is free on this machine");
    if (holder !== null) return ok(about, `it is taken by ${holder}`);
    if (fault === "EADDRINUSE") {
      const todo = `if a ${purpose} is to start here, stop the other program, or choose another \
port (${setting})`;
      return warning(about, "another program has it on this machine", todo);
    }
    if (fault === "EACCES") {
      const todo = `choose a port from 1024 on (${setting}), or let the service use this one`;
      return warning(about, "this user may not listen there", todo);
    }
    const todo = "set the host that it listens on to an address of this machine";
    return warning(about, `nobody can listen there on this machine (${fault})`, todo);
  });
}

/** Where content is kept or read: whether it can be used, and whether there is room. */
export function judgeDisks(
  processes: readonly CheckedProcess[],
  ofThisMachine: readonly CheckedDirectory[],
): readonly Finding[] {
  const ofStores = processes.flatMap(({ presence, checkup }) =>
    (checkup?.store?.directories ?? []).map((each) => ({ each, name: nameOf(presence) })),
  );
  const own = ofThisMachine.map((each) => ({ each, name: "this machine" }));
  return [...ofStores, ...own].map(({ each, name }) => judgeDirectory(each, name));
}

function judgeDirectory(directory: CheckedDirectory, name: string): Finding {
  const { path, managed, freeBytes, sizeBytes, fault } = directory;
  const about: About = { check: "disks", subject: `${path} of ${name}` };
  if (fault !== null) {
    return problem(
      about,
      `it cannot be ${managed ? "written to" : "read"} (${fault})`,
      mend(fault),
    );
  }
  if (!managed) return ok(about, "it can be read");
  if (freeBytes === null || sizeBytes === null) return ok(about, "it can be written to");
  const found = `it can be written to, and ${formatBytes(freeBytes)} of ${formatBytes(sizeBytes)} \
are free`;
  const todo = "make room there, or have less kept: see seedfleet ls and seedfleet cancel --delete";
  if (freeBytes < DISK_FREE_BYTES_PROBLEM) return problem(about, found, todo);
  const isShort = freeBytes < sizeBytes * DISK_FREE_SHARE_WARNED;
  return isShort ? warning(about, found, todo) : ok(about, found);
}

const MENDS: Readonly<Record<string, string>> = {
  ENOENT: "mount or make it, or name another directory in the settings",
  EACCES: "give the user that the process runs as the right to it",
  EPERM: "give the user that the process runs as the right to it",
  EROFS: "mount its disk for writing: after an error of the disk the system mounts it read-only",
  ENOSPC: "make room on its disk",
  EDQUOT: "raise the quota of the user that the process runs as",
  EIO: "replace its disk, which fails: see the system's log",
};

function mend(fault: string): string {
  return MENDS[fault] ?? "see the system's log for what is wrong with its disk";
}

/** Buckets, origins and paths that could not be read when a store last tried. */
export function judgeSources(processes: readonly CheckedProcess[]): readonly Finding[] {
  return processes.flatMap(({ presence, checkup }) => {
    const name = nameOf(presence);
    const { store } = checkup ?? {};
    if (store === undefined) return [];
    const findings = store.unreadable.map(({ location, reason }) => {
      const about: About = { check: "sources", subject: `${location} of ${name}` };
      return problem(
        about,
        `it could not be read when that was last tried: ${reason}`,
        mendSource(location),
      );
    });
    const about: About = { check: "sources", subject: name };
    if (store.moreUnreadable > 0) {
      const found = `${formatCount(store.moreUnreadable, "more source")} could not be read`;
      findings.push(problem(about, found, "see its log for source unreadable"));
    }
    const told = presence.urls.length === 0 ? "files" : `files and ${presence.urls.join(", ")}`;
    return findings.length > 0 ? findings : [ok(about, `nothing that it read of ${told} failed`)];
  });
}

function mendSource(location: string): string {
  const again = "then have it read again with seedfleet check INFO_HASH";
  if (location.startsWith("s3://")) {
    return `check the bucket, the credentials and SEEDFLEET_PIECE_STORE_S3_ENDPOINT, ${again}`;
  }
  if (location.includes("://")) return `check that the origin runs and has the file, ${again}`;
  return `check that the disk is mounted, and that the store may read it, ${again}`;
}
