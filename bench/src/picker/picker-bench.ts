import { Bitfield } from "@seedfleet/bitfield";
import { type PickerPeer, PiecePicker } from "@seedfleet/picker";
import { type Rng, seededRng } from "@seedfleet/runtime";
import { type Machine, machineText, thisMachine } from "../machine.ts";
import { progress } from "../run-bench.ts";
import { type Spread, spreadOf, spreadText } from "../spread.ts";
import { textTable } from "../text-table.ts";
import { PICKER_USAGE, type PickerOptions, parsePickerOptions } from "./picker-options.ts";

const BLOCK_BYTES = 16_384;
const BLOCKS_PER_PIECE = 16;

/** One peer in so many is a seed. */
const PEERS_PER_SEED = 10;

const HAVES = 3_000_000;
const PICKS = 600_000;

/** Blocks that one peer is asked for at a time. */
const ASKED_AT_ONCE = 4;

/** HAVEs that come before a block is asked for, where they come in turns. */
const HAVES_PER_PICK = 10;
const HAVES_IN_TURNS = 500_000;

type Figure = { readonly name: string; readonly perSecond: Spread };

/** `bench picker`: a swarm of very many pieces, in this process. */
export async function pickerBench(args: readonly string[]): Promise<void> {
  const options = parsePickerOptions(args);
  if (options === "help") return void process.stdout.write(PICKER_USAGE);
  const runs = Array.from({ length: options.runs }, (_, run) => {
    const measured = measure(options, seededRng(run + 1));
    progress(`${run + 1}/${options.runs}: ${measured.haves.toFixed(0)} HAVEs a second`);
    return measured;
  });
  const figures = [
    { name: "HAVEs", perSecond: spreadOf(runs.map(({ haves }) => haves)) },
    {
      name: `HAVEs, a block picked after ${HAVES_PER_PICK}`,
      perSecond: spreadOf(runs.map(({ inTurns }) => inTurns)),
    },
    { name: "blocks picked", perSecond: spreadOf(runs.map(({ picks }) => picks)) },
  ];
  const at = new Date().toISOString();
  const report = { bench: "picker" as const, at, machine: thisMachine(), options, figures };
  process.stdout.write(options.json ? `${JSON.stringify(report)}\n` : tableOf(report));
}

/** HAVEs and picked blocks by the CPU-second. */
function measure(
  { pieces, peers: peerCount }: PickerOptions,
  rng: Rng,
): { readonly haves: number; readonly inTurns: number; readonly picks: number } {
  const pieceLengthBytes = BLOCKS_PER_PIECE * BLOCK_BYTES;
  const shape = { pieceCount: pieces, pieceLengthBytes, sizeBytes: pieces * pieceLengthBytes };
  const there = Bitfield.empty(pieces);
  const picker = new PiecePicker({ shape, there, order: "rarest" }, rng);
  const peers = Array.from({ length: peerCount }, () => picker.join());
  const leechers = peers.filter((_, at) => at % PEERS_PER_SEED !== 0);
  for (const [at, peer] of peers.entries()) {
    if (at % PEERS_PER_SEED === 0) picker.setPieces(peer, Bitfield.full(pieces));
  }
  const anyLeecher = (): PickerPeer => leechers[rng.below(leechers.length)] as PickerPeer;
  const anySeed = peers[0] as PickerPeer;
  const haves = perSecond(HAVES, () => {
    for (let have = 0; have < HAVES; have += 1) picker.have(anyLeecher(), rng.below(pieces));
    // What a HAVE leaves to be done is done when a block is picked.
    picker.pick(anySeed, 1);
  });
  const inTurns = perSecond(HAVES_IN_TURNS, () => {
    for (let have = 0; have < HAVES_IN_TURNS; have += 1) {
      picker.have(anyLeecher(), rng.below(pieces));
      if (have % HAVES_PER_PICK === 0) picker.pick(anySeed, 1);
    }
  });
  const picks = perSecond(PICKS, () => {
    let left = PICKS;
    for (let at = 0; left > 0; at = (at + 1) % peers.length) {
      left -= picker.pick(peers[at] as PickerPeer, Math.min(left, ASKED_AT_ONCE)).length;
    }
  });
  return { haves, inTurns, picks };
}

function perSecond(count: number, run: () => void): number {
  const before = process.cpuUsage();
  run();
  const { user, system } = process.cpuUsage(before);
  return (count * 1e6) / (user + system);
}

type PickerReport = {
  readonly at: string;
  readonly machine: Machine;
  readonly options: PickerOptions;
  readonly figures: readonly Figure[];
};

function tableOf({ at, machine, options, figures }: PickerReport): string {
  const { pieces, peers, runs } = options;
  const columns = [
    { title: "each CPU-second", align: "left" },
    { title: "median (lowest–highest)", align: "right" },
  ] as const;
  const rows = figures.map(({ name, perSecond }) => [name, spreadText(perSecond, 0)]);
  return `picker: ${pieces} pieces, ${peers} peers, ${runs} runs
${machineText(at, machine)}

${textTable(columns, rows)}`;
}
