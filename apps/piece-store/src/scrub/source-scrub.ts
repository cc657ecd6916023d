import type { InfoHash } from "@seedfleet/bytes";
import { errorCode } from "@seedfleet/runtime";
import type { CheckedPieces, PieceFinding } from "../reading/checked-pieces.ts";
import type { SourceBytes, TorrentSource } from "../reading/torrent-source.ts";
import { pieceVerifier, verifiedLengthBytes } from "./piece-verifier.ts";
import type { ScrubPace } from "./scrub-pace.ts";
import type { ScrubTorrents, TorrentToScrub } from "./scrub-torrents.ts";
import { unlessAborted } from "./unless-aborted.ts";

/**
 * What is read at a time: little beside what a disk gives in a second, so that it goes on evenly,
 * and hashed in a millisecond, for it is done in the thread that serves the reads.
 */
const READ_BYTES: number = 1024 * 1024;

/** A source that cannot be read so often in a row is given up until the next round. */
const UNREADABLE_IN_A_ROW_MAX = 8;

export type SourceScrubPorts = {
  readonly checked: CheckedPieces;
  readonly pace: ScrubPace;
  readonly torrents: ScrubTorrents;
  readonly readBytes: (bytes: number) => void;
};

/** What was found of a piece that was read whole. */
export type ScrubbedPiece = {
  readonly piece: number;
  readonly lengthBytes: number;
  readonly found: "right" | "bad" | "repaired";
};

type Checking = { readonly torrent: TorrentToScrub; readonly source: TorrentSource };

/**
 * Checks the pieces of one source, a MiB at a time, in memory that is used over and over. What
 * seems wrong is looked at once more, as the catalog says the torrent is by then, by those who note
 * and repair it.
 */
export class SourceScrub {
  readonly #ports: SourceScrubPorts;
  readonly #signal: AbortSignal;
  #buffer: Uint8Array | null = null;
  /** The torrent that is being checked, and whether the catalog says something else by now. */
  #infoHash: InfoHash | null = null;
  #isChanged = false;

  constructor(ports: SourceScrubPorts, signal: AbortSignal) {
    this.#ports = ports;
    this.#signal = signal;
  }

  /** The catalog says something else of a torrent than before. */
  changed(infoHash: InfoHash): void {
    if (infoHash === this.#infoHash) this.#isChanged = true;
  }

  /**
   * Gives every piece that could be read, from one on. Ends early where the source is not what was
   * hashed, or cannot be read. Rejects where the bus fails, and with the signal's reason.
   */
  async *pieces(
    torrent: TorrentToScrub,
    source: TorrentSource,
    from: number,
  ): AsyncGenerator<ScrubbedPiece, void, void> {
    let checking: Checking | null = { torrent, source };
    const { infoHash, pieceCount } = torrent.context;
    let unreadable = 0;
    this.#infoHash = infoHash;
    this.#isChanged = false;
    for (let piece = from; piece < pieceCount; piece += 1) {
      if (this.#isChanged) checking = await this.#again(checking);
      if (checking === null) return;
      let finding: PieceFinding | "repaired" | "wrong" = await this.#read(checking, piece);
      if (finding === "wrong") {
        checking = await this.#again(checking);
        if (checking === null) return;
        finding = await this.#lookAgain(checking, piece);
        if (checking.source.isStale) return;
      }
      if (finding === "absent") continue;
      unreadable = finding === "unreadable" ? unreadable + 1 : 0;
      if (unreadable >= UNREADABLE_IN_A_ROW_MAX) return;
      if (finding === "unreadable") continue;
      yield { piece, lengthBytes: verifiedLengthBytes(torrent.judgedBy, piece), found: finding };
    }
  }

  /** The same place as it is in the catalog now; null where it is not there any more. */
  async #again({ torrent, source }: Checking): Promise<Checking | null> {
    this.#isChanged = false;
    const now = await this.#ports.torrents.open(torrent.context.infoHash);
    const found = now?.sources.find(({ location }) => location === source.location);
    return now === null || found === undefined ? null : { torrent: now, source: found };
  }

  /** As those look at it who note what they find, and repair it. */
  async #lookAgain(checking: Checking, piece: number): Promise<PieceFinding | "repaired"> {
    const { torrent, source } = checking;
    const finding = await this.#ports.checked.check(torrent.context, source, piece);
    if (finding !== "bad") return finding;
    return (await this.#read(checking, piece)) === "right" ? "repaired" : "bad";
  }

  /** `wrong` is all that somebody else has to look at. */
  async #read({ torrent, source }: Checking, piece: number): Promise<"right" | "absent" | "wrong"> {
    this.#signal.throwIfAborted();
    try {
      const content = await unlessAborted(source.bytes(), this.#signal);
      if (!content.has(piece)) return "absent";
      const isRight = await this.#verify(torrent, content, piece);
      // One that is known to be bad may have been put right by hand.
      const isKnownBad = this.#ports.checked.isBad(torrent.context, source, piece);
      return isRight && !isKnownBad ? "right" : "wrong";
    } catch (error) {
      this.#signal.throwIfAborted();
      // Of what the load of others keeps from us nothing is said.
      if (errorCode(error) === "store-busy") throw error;
      return "wrong";
    }
  }

  async #verify(
    { context, judgedBy }: TorrentToScrub,
    content: SourceBytes,
    piece: number,
  ): Promise<boolean> {
    const { pace, readBytes } = this.#ports;
    const verifier = pieceVerifier(judgedBy, piece);
    const begin = piece * context.pieceLengthBytes;
    this.#buffer ??= Buffer.allocUnsafeSlow(READ_BYTES);
    for (let at = 0; at < verifier.lengthBytes; ) {
      const part = this.#buffer.subarray(0, Math.min(READ_BYTES, verifier.lengthBytes - at));
      await pace.take(part.length, this.#signal);
      await unlessAborted(content.read(begin + at, part), this.#signal);
      readBytes(part.length);
      verifier.push(part);
      at += part.length;
    }
    return verifier.isRight();
  }
}
