import { equal } from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { PeerAdmission } from "./peer-admission.ts";

test("PeerAdmission.enter() given a full gateway refuses everyone until one leaves", () => {
  const admission = new PeerAdmission({ peersMax: 2, peersPerAddressMax: 2 });
  equal(admission.enter("a"), null);
  equal(admission.enter("b"), null);
  equal(admission.enter("c"), "gateway-full");
  admission.leave("a");
  equal(admission.enter("c"), null);
  equal(admission.count, 2);
});

test("PeerAdmission.enter() given a full address refuses it and lets others in", () => {
  const admission = new PeerAdmission({ peersMax: 10, peersPerAddressMax: 1 });
  equal(admission.enter("a"), null);
  equal(admission.enter("a"), "address-full");
  equal(admission.enter("b"), null);
  admission.leave("a");
  equal(admission.enter("a"), null);
});

const anyVisit = fc.tuple(fc.constantFrom("a", "b", "c"), fc.boolean());

test("PeerAdmission never lets more in than either limit, and never one too few", () => {
  fc.assert(
    fc.property(fc.array(anyVisit, { maxLength: 50 }), (visits) => {
      const admission = new PeerAdmission({ peersMax: 4, peersPerAddressMax: 2 });
      const inside: string[] = [];
      for (const [address, comes] of visits) {
        const here = inside.filter((each) => each === address).length;
        if (comes) {
          const expected =
            inside.length === 4 ? "gateway-full" : here === 2 ? "address-full" : null;
          equal(admission.enter(address), expected);
          if (expected === null) inside.push(address);
        } else if (here > 0) {
          admission.leave(address);
          inside.splice(inside.indexOf(address), 1);
        }
        equal(admission.count, inside.length);
      }
    }),
  );
});
