import type { Decider } from "./decider.ts";
import type { SimulatedSwarm } from "./simulated-swarm.ts";

/** BitTyrant's own: how fast it pays more to who does not give, and less to who does. */
const RAISE = 1.2;
const LOWER = 0.9;
const ROUNDS_TO_LOWER = 3;

/** What it takes a slot to cost at first: its uplink by so many. */
const FIRST_SHARE = 4;

type Account = { cost: number; readonly estimate: number; givenRounds: number };

/**
 * A leecher as BitTyrant plays (Piatek 2007): each round it serves, of those that want something,
 * who gives most for what it costs, until its uplink is spent, and sends each no more than that.
 * Who gave for three rounds is paid a tenth less; who gives nothing for it a fifth more.
 */
export function tyrant(swarm: SimulatedSwarm, node: number): Decider {
  const { links } = swarm;
  const budget = swarm.uploadBytesPerSecond(node);
  const accounts = new Map<number, Account>();
  const accountOf = (other: number): Account => {
    const known = accounts.get(other);
    if (known !== undefined) return known;
    // Before anybody gave, all are taken to split an uplink like its own among four.
    const account = { cost: budget / FIRST_SHARE, estimate: budget / 4, givenRounds: 0 };
    accounts.set(other, account);
    return account;
  };
  const learn = (other: number): void => {
    const account = accountOf(other);
    const gives = links.unchoked[links.of(other, node)] === 1;
    const served = links.unchoked[links.of(node, other)] === 1;
    account.givenRounds = gives ? account.givenRounds + 1 : 0;
    if (account.givenRounds >= ROUNDS_TO_LOWER) account.cost *= LOWER;
    else if (served && !gives) account.cost = Math.min(budget, account.cost * RAISE);
  };
  const worth = (other: number): number => {
    const { cost, estimate } = accountOf(other);
    const got = links.receivedRate(links.of(other, node));
    return (got > 0 ? got : estimate) / cost;
  };
  return {
    nodes: [node],
    round: () => {
      const others = swarm.peersOf(node).filter((other) => !swarm.isGateway(other));
      for (const other of others) learn(other);
      let left = budget;
      const wanting = others.filter((other) => links.interested[links.of(node, other)] === 1);
      const serves = new Set<number>();
      for (const other of wanting.toSorted((a, b) => worth(b) - worth(a) || a - b)) {
        const { cost } = accountOf(other);
        if (cost > left) continue;
        left -= cost;
        serves.add(other);
        links.maxBytesPerSecond[links.of(node, other)] = cost;
      }
      for (const other of others) swarm.setUnchoked(node, other, serves.has(other));
    },
    settle: () => {
      // Its rounds are all that BitTyrant has.
    },
  };
}
