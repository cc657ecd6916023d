/** What a load process is told, as JSON in its only argument. */
export type LoadSpec = {
  readonly torrentFile: string;
  readonly host: string;
  readonly port: number;
  /** The process whose CPU time and memory are measured. */
  readonly serverPid: number;
  readonly pipeline: number;
  /** One pass over everything that checks every byte, or a measurement. */
  readonly load: "one-pass" | TimedLoad;
};

export type TimedLoad = {
  /** Which of the connections are this process's: there may be several. */
  readonly serials: readonly number[];
  /** How many there are in all. */
  readonly connections: number;
  readonly seconds: number;
  readonly order: LoadOrder;
};

/**
 * In which order a connection asks for blocks: all from a place of its own on, or one piece after
 * the other in an order of chance, which is the same again for the same seed.
 */
export type LoadOrder =
  | { readonly kind: "in-order" }
  | { readonly kind: "random-pieces"; readonly seed: number };
