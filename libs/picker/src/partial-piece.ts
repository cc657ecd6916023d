/** What becomes of a block of a piece that was begun, where no peer is asked for it. */
const OPEN = -1;
const RECEIVED = -2;

const NOBODY: readonly number[] = [];

/** A piece that was begun: which of its blocks are there, and who is asked for the others. */
export class PartialPiece {
  readonly piece: number;
  readonly blockCount: number;
  /** The only peer that is asked for it, so that it is known whose it is if it is bad. */
  onlyPeer: number | null;
  /** By block: the peer that is asked, or one of the above. */
  readonly #owners: Int32Array;
  /** By block: who was asked besides, in the endgame. */
  readonly #others = new Map<number, number[]>();
  /** By block: who sent it. */
  readonly #senders: Int32Array;
  #open: number;
  #received = 0;
  /** No block before it is open. */
  #firstOpen = 0;

  constructor(piece: number, blockCount: number, onlyPeer: number | null) {
    this.piece = piece;
    this.blockCount = blockCount;
    this.onlyPeer = onlyPeer;
    this.#owners = new Int32Array(blockCount).fill(OPEN);
    this.#senders = new Int32Array(blockCount);
    this.#open = blockCount;
  }

  /** How many blocks nobody is asked for and are not there. */
  get open(): number {
    return this.#open;
  }

  /** Whether nobody is asked for anything of it. */
  get isIdle(): boolean {
    return this.#open + this.#received === this.blockCount;
  }

  get isWhole(): boolean {
    return this.#received === this.blockCount;
  }

  /** Who sent a block of it, each once; complete only of a whole piece. */
  get senders(): ReadonlySet<number> {
    return new Set(this.#senders.filter((_, block) => this.#owners[block] === RECEIVED));
  }

  /** Asks a peer for the next open block; gives the block, or null if none is open. */
  ask(peer: number): number | null {
    if (this.#open === 0) return null;
    while (this.#owners[this.#firstOpen] !== OPEN) this.#firstOpen += 1;
    this.#owners[this.#firstOpen] = peer;
    this.#open -= 1;
    return this.#firstOpen;
  }

  /** Asks one peer more for a block that another is asked for. */
  askToo(block: number, peer: number): void {
    this.#others.set(block, [...(this.#others.get(block) ?? NOBODY), peer]);
  }

  /** Who is asked for a block. */
  askedOf(block: number): readonly number[] {
    const owner = this.#owners[block] ?? OPEN;
    return owner < 0 ? NOBODY : [owner, ...(this.#others.get(block) ?? NOBODY)];
  }

  isReceived(block: number): boolean {
    return this.#owners[block] === RECEIVED;
  }

  /** The block is there; gives whoever else was asked for it and need not send it. */
  receive(block: number, peer: number): readonly number[] {
    const rest = this.askedOf(block).filter((each) => each !== peer);
    this.#others.delete(block);
    this.#owners[block] = RECEIVED;
    this.#senders[block] = peer;
    this.#received += 1;
    return rest;
  }

  /** The peer will not send the block; true when that makes it open. */
  giveUp(block: number, peer: number): boolean {
    const [owner = OPEN, ...others] = this.askedOf(block).filter((each) => each !== peer);
    if (others.length > 0) this.#others.set(block, others);
    else this.#others.delete(block);
    this.#owners[block] = owner;
    if (owner !== OPEN) return false;
    this.#open += 1;
    this.#firstOpen = Math.min(this.#firstOpen, block);
    return true;
  }
}
