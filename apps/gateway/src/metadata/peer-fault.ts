/**
 * What a peer did while it was asked for metadata. `corrupt` it is for certain: bytes of its own
 * are not the torrent's. `unhelpful` is who rejects or is silent, which the honest may be, too.
 */
export type PeerFault = {
  readonly peer: number;
  readonly code: PeerFaultCode;
};

export type PeerFaultCode = "corrupt" | "unhelpful" | "size-changed" | "size-out-of-range";
