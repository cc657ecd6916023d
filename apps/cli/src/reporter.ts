import type { CatalogEntry, ReachabilityOutcome } from "@seedfleet/contracts";
import type { AddedMirror } from "@seedfleet/fleet";
import type { ErrorDetail, SeedfleetError } from "@seedfleet/runtime";
import { formatBytes, formatCount } from "./format.ts";
import { type HashingProgress, hashingLine, hashingPace } from "./hashing-progress.ts";
import { mirrorTelling } from "./mirror-telling.ts";
import type { MirrorTotals } from "./mirror-totals.ts";
import { printable } from "./printable.ts";

export type SeededTorrent = {
  readonly name: string;
  readonly infoHash: string;
  readonly sizeBytes: number;
  readonly fileCount: number;
  /** Where the `.torrent` was written. */
  readonly torrentFile: string;
  /** Of a hybrid: a v1 torrent of the same pieces, for clients that cannot open it. */
  readonly v1TorrentFile: string | null;
  readonly torrentUrl: string;
  readonly magnet: string;
  /** Of a hybrid: the magnet of that v1 torrent. */
  readonly v1Magnet: string | null;
};

export type Seeding = {
  readonly pid: number;
  readonly torrents: readonly SeededTorrent[];
  readonly trackerUrls: readonly string[];
  /** host:port */
  readonly peerAddress: string;
  readonly consoleUrl: string;
  readonly adminUrl: string;
  /** False when only this machine can reach the peers' address. */
  readonly reachable: boolean;
  /** An address of this machine to suggest to whoever wants to share. */
  readonly suggestedHost: string | null;
};

/** A tracker that runs by itself. */
export type Tracking = {
  readonly pid: number;
  readonly mode: string;
  readonly workers: number;
  readonly httpUrl: string;
  /** Null where UDP is off. */
  readonly udpUrl: string | null;
  /** Of a private tracker. */
  readonly apiUrl: string | null;
  /** Where the token of that API is; null where the settings have it. */
  readonly apiTokenFile: string | null;
  readonly adminUrl: string;
};

/** What came of the gateway's look whether it can be reached. */
export type ToldReachability = {
  /** host:port */
  readonly peerAddress: string;
  readonly outcome: ReachabilityOutcome;
  /** What to do about it. */
  readonly advice: string;
};

/** One torrent that a running fleet took in. */
export type ListedTorrent = Pick<SeededTorrent, "name" | "infoHash" | "sizeBytes"> & {
  /** Null when no console is running. */
  readonly torrentUrl: string | null;
};

/** How a command tells a person or a program what it does. */
export interface Reporter {
  hashing(progress: HashingProgress, elapsedMs: number): void;
  published(torrent: { readonly name: string; readonly hashed: boolean }): void;
  skipped(path: string, names: readonly string[]): void;
  ready(seeding: Seeding): void;
  tracking(tracking: Tracking): void;
  reachability(found: ToldReachability): void;
  listed(torrent: ListedTorrent): void;
  mirrorAsked(added: AddedMirror): void;
  mirroring(totals: MirrorTotals): void;
  /** What the fleet was asked to mirror and has whole; its swarm may be told of that. */
  mirrorThere(entry: Pick<CatalogEntry, "infoHash" | "name">, isAnnounced: boolean): void;
  stopping(signal: string): void;
  failed(error: SeedfleetError<ErrorDetail>): void;
}

type Output = {
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
  /** A terminal can redraw its line; a file cannot. */
  readonly redraws: boolean;
};

/** One JSON object a line on standard output, errors as a line on standard error as well. */
export function jsonReporter({ out, err }: Output): Reporter {
  const tell = (event: string, fields: object): void =>
    out(`${JSON.stringify({ event, ...fields })}\n`);
  return {
    hashing: (progress, elapsedMs) =>
      tell("hashing", { ...progress, ...hashingPace(progress, elapsedMs) }),
    published: (torrent) => tell("published", torrent),
    skipped: (path, names) => tell("skipped", { path, names }),
    ready: ({ reachable, suggestedHost, ...seeding }) => tell("ready", seeding),
    tracking: (tracking) => tell("ready", tracking),
    reachability: ({ peerAddress, outcome }) =>
      tell("reachability", { peerAddress, reachable: outcome === "reached", outcome }),
    listed: (torrent) => tell("torrent", torrent),
    mirrorAsked: ({ mirror, outcome }) => tell("mirror", { outcome, ...mirror }),
    mirroring: (totals) => tell("mirroring", totals),
    mirrorThere: ({ infoHash, name }, announced) =>
      tell("mirror", { outcome: "there", infoHash, name, announced }),
    stopping: (signal) => tell("stopping", { signal }),
    failed(error) {
      tell("error", { ...error.detail, message: error.message });
      err(`seedfleet: ${error.message}\n`);
    },
  };
}

/** For people: progress and errors on standard error, what was asked for on standard output. */
export function humanReporter({ out, err, redraws }: Output): Reporter {
  let drawn = false;
  const clear = (): void => {
    if (drawn) err("\r\x1b[K");
    drawn = false;
  };
  const draw = (line: string): void => {
    clear();
    err(line);
    drawn = true;
  };
  return {
    hashing(progress, elapsedMs) {
      if (redraws) draw(hashingLine(progress, elapsedMs));
    },
    published({ name, hashed }) {
      clear();
      const shown = printable(name);
      err(hashed ? `Hashed ${shown}\n` : `${shown} has not changed since it was hashed\n`);
    },
    skipped(path, names) {
      const shown = printable(names.slice(0, 3).join(", "));
      const more = names.length > 3 ? ` and ${names.length - 3} more` : "";
      err(`Left out of ${path}, being no regular files: ${shown}${more}\n`);
    },
    ready: (seeding) => out(readyText(seeding)),
    tracking: (tracking) => out(trackingText(tracking)),
    reachability: ({ peerAddress, outcome, advice }) =>
      err(
        outcome === "reached"
          ? `The peers' address ${peerAddress} leads here\n`
          : `Peers may not reach ${peerAddress} (${outcome}): ${advice}\n`,
      ),
    listed({ name, sizeBytes, infoHash, torrentUrl }) {
      clear();
      out(`${printable(name)}  ${formatBytes(sizeBytes)}  ${torrentUrl ?? infoHash}\n`);
    },
    ...mirrorTelling({ err, draw, clear, redraws }),
    stopping: () => err("\nStopping…\n"),
    failed(error) {
      clear();
      err(`seedfleet: ${printable(error.message)}\n`);
    },
  };
}

/** Few need it, and those who do must find it. */
function v1Line(ofV1: string | null): string {
  return ofV1 === null ? "" : `\n  for old ones  ${ofV1}`;
}

function readyText(seeding: Seeding): string {
  const { torrents, trackerUrls, peerAddress, consoleUrl, adminUrl } = seeding;
  const blocks = torrents.map((torrent) => {
    const size = `${formatBytes(torrent.sizeBytes)}, ${formatCount(torrent.fileCount, "file")}`;
    return `
Seeding ${printable(torrent.name)} (${size})
  torrent URL   ${torrent.torrentUrl}
  torrent file  ${torrent.torrentFile}${v1Line(torrent.v1TorrentFile)}
  magnet        ${torrent.magnet}${v1Line(torrent.v1Magnet)}
`;
  });
  const suggested = seeding.suggestedHost ?? "ADDRESS";
  const reach = seeding.reachable
    ? ""
    : `Only this machine can reach it. To share, add --host with the address others reach this
machine by, such as --host ${suggested}.
`;
  return `${blocks.join("")}
Tracker ${trackerUrls.join(" ")}, peers ${peerAddress}
Console ${consoleUrl}/torrents, metrics ${adminUrl}/metrics
${reach}Ctrl-C stops.
`;
}

function trackingText({ mode, httpUrl, udpUrl, apiUrl, apiTokenFile }: Tracking): string {
  const url = mode === "private" ? "with a user's passkey before /announce" : "for any client";
  const lines = [
    `Tracking (${mode}), ${url}:`,
    `  ${httpUrl}`,
    ...(udpUrl === null ? [] : [`  ${udpUrl}`]),
    ...(apiUrl === null ? [] : [`Users: ${apiUrl}/users`]),
    ...(apiTokenFile === null ? [] : [`  with the token in ${apiTokenFile}`]),
    "Ctrl-C ends it.",
  ];
  return `${lines.join("\n")}\n`;
}
