const BIT = {
  prefersEncryption: 0x01,
  uploadOnly: 0x02,
  supportsUtp: 0x04,
  supportsHolepunch: 0x08,
  reachable: 0x10,
} as const;

/** What is told of a peer that was added (BEP 11). */
export type PexFlags = {
  readonly prefersEncryption: boolean;
  /** A seed, or a peer that wants nothing more (BEP 21). */
  readonly uploadOnly: boolean;
  readonly supportsUtp: boolean;
  readonly supportsHolepunch: boolean;
  /** Who tells of it has connected to it. */
  readonly reachable: boolean;
};

export function pexFlags(bits: number): PexFlags {
  return {
    prefersEncryption: (bits & BIT.prefersEncryption) !== 0,
    uploadOnly: (bits & BIT.uploadOnly) !== 0,
    supportsUtp: (bits & BIT.supportsUtp) !== 0,
    supportsHolepunch: (bits & BIT.supportsHolepunch) !== 0,
    reachable: (bits & BIT.reachable) !== 0,
  };
}

export function pexFlagBits(flags: PexFlags): number {
  return (
    (flags.prefersEncryption ? BIT.prefersEncryption : 0) |
    (flags.uploadOnly ? BIT.uploadOnly : 0) |
    (flags.supportsUtp ? BIT.supportsUtp : 0) |
    (flags.supportsHolepunch ? BIT.supportsHolepunch : 0) |
    (flags.reachable ? BIT.reachable : 0)
  );
}
