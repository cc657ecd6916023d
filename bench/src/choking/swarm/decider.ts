/** Says whom its nodes unchoke. */
export type Decider = {
  readonly nodes: readonly number[];
  /** A choke round, every ten seconds. */
  readonly round: (nowMs: number) => void;
  /** Between two rounds, when somebody's interest changed. */
  readonly settle: (nowMs: number) => void;
};
