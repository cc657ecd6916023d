import { equal } from "node:assert/strict";
import { test } from "node:test";
import { useOf } from "./subject-tally.ts";

const HASH = "ab".repeat(20);

const cases = [
  { subject: "seedfleet.v1.presence.gateway.bench", then: "presence" },
  { subject: "seedfleet.v1.presence-asked", then: "presence" },
  { subject: "seedfleet.v1.choking.round.bench", then: "choke rounds" },
  { subject: "seedfleet.v1.pieces.read.0123456789abcdef", then: "pieces" },
  { subject: `$KV.seedfleet-catalog.${HASH}`, then: "catalog" },
  { subject: "$JS.API.STREAM.MSG.GET.KV_seedfleet-aliases", then: "catalog" },
  { subject: "$JS.API.CONSUMER.CREATE.OBJ_seedfleet-metainfo", then: "catalog" },
  { subject: "_INBOX.ABC.1", then: "replies" },
  { subject: "seedfleet.v1.ingest.changed.j1", then: "other" },
] as const;

for (const { subject, then } of cases) {
  test(`useOf() given ${subject}`, () => equal(useOf(subject), then));
}
