import { countOption, parseFlags } from "../bench-options.ts";

export type SwarmOptions = {
  readonly json: boolean;
  readonly swarms: number;
  readonly peersPerSwarm: number;
  /** In the one swarm that announces and samples are measured in. */
  readonly largePeers: number;
};

export const SWARM_USAGE = `Usage: npm run bench -- swarm [options]

Measures the memory of the tracker's store of peers, and the CPU time of an announce and a sample.

  --swarms N            swarms that memory is measured with (1000000)
  --peers N             IPv4 peers in each (10)
  --large N             peers of the swarm that time is measured in (5000)
  --json                one JSON object on standard output, not a table
`;

/** Reads the command line of `bench swarm`. Throws a `BenchError` that says what is wrong. */
export function parseSwarmOptions(args: readonly string[]): SwarmOptions | "help" {
  const values = parseFlags("swarm", args, {
    swarms: { type: "string", default: "1000000" },
    peers: { type: "string", default: "10" },
    large: { type: "string", default: "5000" },
    json: { type: "boolean", default: false },
    help: { type: "boolean", short: "h", default: false },
  });
  if (values.help) return "help";
  return {
    json: values.json,
    swarms: countOption("--swarms", values.swarms, { min: 1_000, max: 10_000_000 }),
    peersPerSwarm: countOption("--peers", values.peers, { min: 1, max: 1_000 }),
    largePeers: countOption("--large", values.large, { min: 100, max: 10_000_000 }),
  };
}
