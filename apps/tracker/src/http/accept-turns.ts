import type { Server } from "node:net";
import type { CancelTimer, Clock } from "@seedfleet/runtime";
import type { ConnectionBatches } from "./connection-batches.ts";
import { ACCEPT_BACKLOG, ACCEPT_INTERVAL_MS } from "./http-limits.ts";

/** So many that wait behind one that Node.js took are a crowd … */
const CROWD_FROM = 4;

/** … until there is less than one a turn, over so many turns. */
const TURNS_PER_LOOK = 64;

/** As many, half of a turn's, may have left as many behind: the next turn comes at once. */
const WORTH_A_TURN = 64;

export type AcceptTurnsPorts = {
  readonly server: Server;
  readonly batches: ConnectionBatches;
  readonly clock: Clock;
  /** Looks what other threads want; `often`: this is called again within a millisecond. */
  readonly look: (often: boolean) => void;
};

/**
 * Who takes new connections. While few come Node.js does, as it wakes up for each, and makes an
 * object for it that costs as much as several announces. In a crowd Node.js stops listening, and
 * those that wait are looked for every millisecond and taken together.
 */
export class AcceptTurns {
  readonly #server: Server;
  readonly #batches: ConnectionBatches;
  readonly #clock: Clock;
  readonly #lookElsewhere: (often: boolean) => void;
  #state: "listening" | "looking" | "stopped" = "listening";
  #turns = 0;
  #taken = 0;
  #cancel: CancelTimer = () => {};

  /** The server listens already, at a duplicate of the socket. */
  constructor({ server, batches, clock, look }: AcceptTurnsPorts) {
    this.#server = server;
    this.#batches = batches;
    this.#clock = clock;
    this.#lookElsewhere = look;
    // It could not listen again: then we go on looking.
    server.on("error", () => this.#look());
  }

  /** Node.js took a connection; others may wait. */
  took(): void {
    if (this.#state !== "listening" || this.#batches.takeWaiting() < CROWD_FROM) return;
    this.#server.close();
    this.#look();
  }

  /** Closes the port; nobody else may. */
  stop(): void {
    if (this.#state === "stopped") return;
    if (this.#state === "listening") this.#server.close();
    this.#state = "stopped";
    this.#cancel();
    this.#batches.giveAway();
    this.#lookElsewhere(false);
    this.#batches.close();
  }

  #look(): void {
    if (this.#state === "stopped") return;
    this.#state = "looking";
    this.#turns = 0;
    this.#taken = 0;
    this.#next(WORTH_A_TURN);
  }

  #turn(): void {
    if (this.#state !== "looking") return;
    const taken = this.#batches.takeWaiting(true);
    this.#turns += 1;
    this.#taken += taken;
    if (this.#turns === TURNS_PER_LOOK) {
      if (this.#taken < TURNS_PER_LOOK && this.#listen()) return;
      this.#turns = 0;
      this.#taken = 0;
    }
    this.#next(taken);
  }

  #next(taken: number): void {
    this.#lookElsewhere(true);
    if (taken >= WORTH_A_TURN) setImmediate(() => this.#turn());
    else this.#cancel = this.#clock.after(ACCEPT_INTERVAL_MS, () => this.#turn());
  }

  /** False while there is no descriptor for it. */
  #listen(): boolean {
    const fd = this.#batches.duplicate();
    if (fd < 0) return false;
    this.#state = "listening";
    this.#batches.giveAway();
    this.#lookElsewhere(false);
    this.#server.listen({ fd, exclusive: true, backlog: ACCEPT_BACKLOG });
    return true;
  }
}
