import {
  type InfoHash,
  type InfoHashV2,
  type PeerId,
  parseInfoHash,
  parseInfoHashV2,
  parsePeerId,
} from "@seedfleet/bytes";
import * as z from "zod";

/** 40 lower-case hex digits. */
export const infoHash: z.ZodType<InfoHash> = z.custom<InfoHash>(
  (value) => typeof value === "string" && parseInfoHash(value) === value,
  "not an info hash of 40 lower-case hex digits",
);

/** 64 lower-case hex digits. */
export const infoHashV2: z.ZodType<InfoHashV2> = z.custom<InfoHashV2>(
  (value) => typeof value === "string" && parseInfoHashV2(value) === value,
  "not a v2 info hash of 64 lower-case hex digits",
);

/** 40 lower-case hex digits of the 20 bytes a peer chose. */
export const peerId: z.ZodType<PeerId> = z.custom<PeerId>(
  (value) => typeof value === "string" && parsePeerId(value) === value,
  "not a peer id of 40 lower-case hex digits",
);

/** The name of a process: one token of a subject. */
export const processId: z.ZodType<string> = z.string().regex(/^[-_a-zA-Z0-9]{1,64}$/);

export const count: z.ZodType<number> = z.int().min(0);

export const timestampMs: z.ZodType<number> = z.number().min(0);

/** Where content lies: an absolute path, or a URL. */
export const location: z.ZodType<string> = z.string().min(1).max(4_096);

/** A place that gateways and peers are in, such as a data centre or a country. */
export const zoneName: z.ZodType<string> = z.string().regex(/^[-_a-z0-9]{1,32}$/);
