import { equal, match } from "node:assert/strict";
import { test } from "node:test";
import type { ReachabilityOutcome } from "@seedfleet/contracts";
import { judgeProbe, reachabilityAdvice } from "./judge-probe.ts";

const connected = { failure: null, seen: false, isFull: false };

const cases = [
  { given: "a probe that came in", evidence: { ...connected, seen: true }, then: "reached" },
  {
    given: "one that came in although the connection failed then",
    evidence: { ...connected, failure: "ECONNRESET", seen: true },
    then: "reached",
  },
  { given: "a connection that led elsewhere", evidence: connected, then: "another-program" },
  {
    given: "a gateway that is full and closes everybody",
    evidence: { ...connected, isFull: true },
    then: null,
  },
  { given: "ECONNREFUSED", evidence: { ...connected, failure: "ECONNREFUSED" }, then: "refused" },
  {
    given: "a full gateway that is not even met",
    evidence: { failure: "ECONNREFUSED", seen: false, isFull: true },
    then: "refused",
  },
  { given: "no answer", evidence: { ...connected, failure: "timeout" }, then: "timed-out" },
  { given: "ETIMEDOUT", evidence: { ...connected, failure: "ETIMEDOUT" }, then: "timed-out" },
  { given: "ENOTFOUND", evidence: { ...connected, failure: "ENOTFOUND" }, then: "unresolvable" },
  { given: "EAI_AGAIN", evidence: { ...connected, failure: "EAI_AGAIN" }, then: "unresolvable" },
  { given: "EAI_FAIL", evidence: { ...connected, failure: "EAI_FAIL" }, then: "unresolvable" },
  { given: "ENETUNREACH", evidence: { ...connected, failure: "ENETUNREACH" }, then: "unroutable" },
  { given: "a code of no list", evidence: { ...connected, failure: "EPERM" }, then: "unroutable" },
] as const;

for (const { given, evidence, then } of cases) {
  test(`judgeProbe() given ${given}`, () => equal(judgeProbe(evidence), then));
}

const setting = /SEEDFLEET_GATEWAY_ADVERTISED_HOST/;
const nat = /NAT that does not lead back inside may look so/;

const advices: readonly { outcome: ReachabilityOutcome; says: readonly RegExp[] }[] = [
  { outcome: "another-program", says: [setting, /forward the port/] },
  { outcome: "refused", says: [setting, /forward the port/, nat] },
  { outcome: "timed-out", says: [setting, /firewall/, nat] },
  { outcome: "unresolvable", says: [setting, /IP address/] },
  { outcome: "unroutable", says: [setting, /no way to it/] },
  { outcome: "unspecified", says: [setting, /every address/] },
];

for (const { outcome, says } of advices) {
  test(`reachabilityAdvice() given ${outcome} says what to do`, () => {
    for (const text of says) match(reachabilityAdvice(outcome), text);
  });
}
