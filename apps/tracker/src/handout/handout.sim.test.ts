import { ok } from "node:assert/strict";
import { test } from "node:test";
import { seededRng } from "@seedfleet/runtime";
import { GatewayBoard } from "./gateway-board.ts";
import { HANDOUT_POLICIES } from "./handout-policy.ts";
import { parseZoneTable } from "./parse-zone-table.ts";
import { HandoutPlan, type HandoutSettings, planHandout } from "./plan-handout.ts";
import { givenAsked, givenGateway, givenSettings } from "./testing.ts";

const PEERS_MAX = 4_096;
const ASKERS_BETWEEN_REFRESHES = 200;
const zones = parseZoneTable("10.0.0.0/16 zone-0\n10.1.0.0/16 zone-1\n10.2.0.0/16 zone-2");

test("peers spread evenly over gateways, and over one that joins later", () => {
  const fleet = new Fleet(10, givenSettings({ gatewayShare: 0.5 }));
  fleet.announce(4_000, () => "10.9.0.1");
  fleet.expectEven(0.1);
  fleet.join();
  fleet.announce(6_000, () => "10.9.0.1");
  fleet.expectEven(0.1);
});

test("peers spread evenly over gateways however many each is told of", () => {
  for (const gatewaysMax of [1, 2, 3, 7]) {
    const fleet = new Fleet(10, givenSettings({ gatewaysMax }));
    fleet.announce(4_000, () => "10.9.0.1");
    fleet.expectEven(0.1);
  }
});

test("nearest sends each zone's peers to its gateways, evenly, in whatever order they come", () => {
  const settings = givenSettings({ policy: HANDOUT_POLICIES.nearest, zones, gatewaysMax: 2 });
  const rng = seededRng(7);
  for (const zoneOf of [(n: number) => n % 3, () => rng.below(3)]) {
    const fleet = new Fleet(12, settings);
    fleet.announce(6_000, (n) => `10.${zoneOf(n)}.0.1`);
    fleet.expectEven(0.1);
    ok(fleet.nearShare === 1, `${fleet.nearShare} of the gateways told were near`);
  }
});

test("nearest sends peers of a full zone, and of none, elsewhere", () => {
  const settings = givenSettings({ policy: HANDOUT_POLICIES.nearest, zones, gatewaysMax: 1 });
  const fleet = new Fleet(6, settings);
  // Two gateways in each zone have 8,192 places.
  fleet.announce(12_000, () => "10.1.0.1");
  ok(fleet.loads.every((load) => load <= 1 + ASKERS_BETWEEN_REFRESHES / PEERS_MAX));
  const { loads } = fleet;
  ok((loads[1] ?? 0) >= 1 && (loads[4] ?? 0) >= 1, `${loads}`);
  ok(
    loads.every((load) => load > 0.2),
    `${loads}`,
  );
});

/** Every asker connects to all the gateways it is told of, as clients do, and stays. */
class Fleet {
  readonly #settings: HandoutSettings;
  readonly #peers: number[];
  readonly #plan = new HandoutPlan();
  #turn = 0;
  #told = 0;
  #near = 0;

  constructor(gatewayCount: number, settings: HandoutSettings) {
    this.#settings = settings;
    this.#peers = Array(gatewayCount).fill(0);
  }

  get loads(): readonly number[] {
    return this.#peers.map((peers) => peers / PEERS_MAX);
  }

  get nearShare(): number {
    return this.#near / this.#told;
  }

  join(): void {
    this.#peers.push(0);
  }

  announce(askers: number, hostOf: (asker: number) => string): void {
    let board = this.#board();
    for (let asker = 0; asker < askers; asker += 1) {
      if (asker % ASKERS_BETWEEN_REFRESHES === 0) board = this.#board();
      const asked = givenAsked({ host: hostOf(asker), turn: this.#turn });
      this.#turn += 1;
      planHandout(asked, { board, settings: this.#settings }, this.#plan);
      const { gateways, gatewayCount, nearZone } = this.#plan;
      for (const place of gateways.subarray(0, gatewayCount)) {
        const gateway = board.ipv4.gateways[place];
        const at = Number(gateway?.id);
        this.#peers[at] = (this.#peers[at] ?? 0) + 1;
        this.#told += 1;
        if (zones.zoneNamed(gateway?.zone ?? null) === nearZone) this.#near += 1;
      }
    }
  }

  expectEven(within: number): void {
    const mean = this.#peers.reduce((sum, peers) => sum + peers, 0) / this.#peers.length;
    for (const [gateway, peers] of this.#peers.entries()) {
      ok(Math.abs(peers - mean) <= within * mean, `gateway ${gateway}: ${peers}, mean ${mean}`);
    }
  }

  #board(): GatewayBoard {
    const gateways = this.loads.map((load, n) =>
      givenGateway(String(n), { load, port: 6_881 + n, zone: `zone-${n % 3}` }),
    );
    return new GatewayBoard(gateways, zones);
  }
}
