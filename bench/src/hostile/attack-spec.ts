/** What an attacking process is told, as JSON in its only argument. */
export type AttackSpec = {
  readonly attack: string;
  readonly torrentFile: string;
  readonly host: string;
  readonly port: number;
  /** Attempts, or bursts of messages, a second. */
  readonly perSecond: number;
  /** Which of all attacks this is, from 0: none is refused for what an earlier one did. */
  readonly serial: number;
};

/** What it tells again and again in an event `attacked`, all since it began. */
export type Attacked = {
  readonly openedCount: number;
  readonly closedCount: number;
  readonly sentBytes: number;
  readonly receivedBytes: number;
};
