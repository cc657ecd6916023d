import type { Socket } from "node:net";
import type { InfoHash } from "@seedfleet/bytes";
import type { CloseReason } from "./close-reason.ts";
import { peerOrigin } from "./peer-origin.ts";

/** How a connection ended that we opened. */
export type ConnectionEnd = {
  readonly reason: CloseReason;
  /** Whether it gave a block that it was asked for. */
  readonly wasOfUse: boolean;
};

/** How we open a connection. */
export type OpenedAs = {
  readonly infoHash: InfoHash;
  readonly encrypt: boolean;
  readonly port: number;
  /** Who went there to download, and is told of the end; null of another. */
  readonly ended: ((end: ConnectionEnd) => void) | null;
};

/** Where a connection leads. */
export type ConnectionOrigin = {
  /** What `peerOrigin` makes of its address. */
  readonly origin: string;
  /**
   * Whether it is held against the origin what its peer does: not of a peer that we went to, since
   * others say where it is, nor of this host's own address, from which a gateway looks at itself.
   */
  readonly isAnswerable: boolean;
  readonly ended: OpenedAs["ended"];
};

export function originOf(socket: Socket, opened: OpenedAs | null): ConnectionOrigin {
  const { remoteAddress = "", localAddress } = socket;
  const isAnswerable = opened === null && remoteAddress !== localAddress;
  return { origin: peerOrigin(remoteAddress), isAnswerable, ended: opened?.ended ?? null };
}
