import assert from "node:assert/strict";
import { basename, dirname, join } from "node:path";
import {
  contentUnreadable,
  contentUnwritable,
  type ManagedContent,
  type ManagedContentStore,
  type ManagedShape,
} from "@seedfleet/content";
import { fileFault } from "./faults.ts";
import { managedContent } from "./managed-content.ts";
import { writeFault } from "./managed-faults.ts";
import { isThere, makeOrKeep, openFault, readList, readRecord } from "./managed-load.ts";
import { ManagedPieces } from "./managed-pieces.ts";
import { decodeShape, encodeShape, shapeDigest, staysWithin } from "./managed-shape.ts";
import { freeBytes, makeDirectories, removeTree, syncDirectory } from "./managed-system-calls.ts";
import { dropTree, isLeftOver, SHAPE_FILE } from "./managed-tree.ts";
import { Turns } from "./managed-turns.ts";
import { readDirectory, realPath } from "./system-calls.ts";

/** Files written at once: half of Node's four threads, for a sync may last while reads go on. */
export const MANAGED_WRITES_MAX = 2;

/** Files read at once. Node reads four at a time; the rest keeps its queue full. */
export const MANAGED_READS_MAX = 16;

/** Torrents whose list of files is kept in memory, where it may take megabytes. */
export const MANAGED_LISTS_MAX = 256;

const KEY = /^[0-9a-f]{40}$/;

/** One torrent, for as long as the store lives: there must be but one writer of its record. */
type Kept = {
  /** Who creates, opens or removes it. */
  readonly turn: Turns;
  pieces: { readonly digest: string; readonly pieces: ManagedPieces } | null;
};

/** A torrent's list of files, as it is on disk. */
type OnDisk = {
  readonly directory: string;
  readonly shape: ManagedShape;
  readonly list: Uint8Array;
};

/**
 * The content that the fleet itself downloaded or was given, in one directory that nobody else
 * writes to, nor any other process: below it one directory for each torrent, with its files, a
 * list of them and a record of its pieces.
 */
export class FsManagedContentStore implements ManagedContentStore {
  readonly #path: string;
  readonly #writing = new Turns(MANAGED_WRITES_MAX);
  readonly #reading = new Turns(MANAGED_READS_MAX);
  readonly #kept = new Map<string, Kept>();
  /** In the order they were last asked for. */
  readonly #opened = new Map<string, ManagedContent>();
  #root: Promise<string> | null = null;
  #sweeping: Promise<void> | null = null;

  /** The directory is made when it is first needed. */
  constructor(path: string) {
    this.#path = path;
  }

  create(key: string, shape: ManagedShape): Promise<ManagedContent> {
    return this.#inTurn(key, async (kept, directory) => {
      const unsafe = shape.files.find(({ path }) => !staysWithin(path));
      if (unsafe !== undefined) {
        const path = JSON.stringify(unsafe.path.join("/"));
        throw contentUnwritable(directory, `the path ${path} leads out of it`);
      }
      const list = encodeShape(shape);
      await makeOrKeep(directory, shape, list).catch((error) => {
        throw writeFault(directory, error);
      });
      return this.#content(kept, { directory, shape, list });
    });
  }

  async open(key: string): Promise<ManagedContent | null> {
    const opened = this.#opened.get(key);
    if (opened !== undefined) return this.#remember(key, opened);
    return this.#inTurn(key, async (kept, directory) => {
      try {
        if (!(await isThere(directory))) return null;
        const list = await readList(directory);
        const shape = list === null ? null : decodeShape(list);
        if (list === null || shape === null) {
          const reason = `its ${SHAPE_FILE} is damaged; remove the torrent or fetch it again`;
          throw contentUnreadable(directory, reason);
        }
        return await this.#content(kept, { directory, shape, list });
      } catch (error) {
        throw openFault(directory, error);
      }
    });
  }

  remove(key: string): Promise<void> {
    return this.#inTurn(key, async (kept, directory) => {
      this.#opened.delete(key);
      await kept.pieces?.pieces.end();
      kept.pieces = null;
      await dropTree(directory).catch((error) => {
        throw writeFault(directory, error);
      });
    });
  }

  async list(): Promise<readonly string[]> {
    const entries = await this.#entries(await this.#ready());
    return entries.filter((name) => KEY.test(name)).toSorted();
  }

  async freeBytes(): Promise<number> {
    const root = await this.#ready();
    return freeBytes(root).catch((error) => {
      throw fileFault(root, error);
    });
  }

  /** Ends what is under way; what was opened takes no piece any more. */
  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#kept.values()].map(({ pieces }) => pieces?.pieces.end()));
    await this.#sweeping;
  }

  async #inTurn<Result>(
    key: string,
    work: (kept: Kept, directory: string) => Promise<Result>,
  ): Promise<Result> {
    assert.match(key, KEY);
    const root = await this.#ready();
    const kept = this.#kept.get(key) ?? { turn: new Turns(1), pieces: null };
    this.#kept.set(key, kept);
    try {
      return await kept.turn.take(() => work(kept, join(root, key)));
    } finally {
      if (kept.pieces === null && kept.turn.isIdle) this.#kept.delete(key);
    }
  }

  async #content(kept: Kept, { directory, shape, list }: OnDisk): Promise<ManagedContent> {
    const digest = shapeDigest(list);
    const name = digest.toHex();
    if (kept.pieces?.digest !== name) {
      await kept.pieces?.pieces.end();
      const read = await readRecord(directory, { pieceCount: shape.pieceCount, digest });
      const pieces = new ManagedPieces({ directory, turns: this.#writing }, read);
      kept.pieces = { digest: name, pieces };
    }
    const { pieces } = kept.pieces;
    const content = managedContent({ directory, shape, pieces, reading: this.#reading });
    return this.#remember(basename(directory), content);
  }

  #remember(key: string, content: ManagedContent): ManagedContent {
    this.#opened.delete(key);
    this.#opened.set(key, content);
    const [oldest = key] = this.#opened.keys();
    if (this.#opened.size > MANAGED_LISTS_MAX) this.#opened.delete(oldest);
    return content;
  }

  /** The store's real path, once it is there. Who comes after a failure tries again. */
  #ready(): Promise<string> {
    this.#root ??= this.#begin().catch((error) => {
      this.#root = null;
      throw writeFault(this.#path, error);
    });
    return this.#root;
  }

  async #begin(): Promise<string> {
    const made = await makeDirectories(this.#path);
    const root = (await realPath(this.#path)).toString();
    if (made !== null) await syncNames(root, (await realPath(made)).toString());
    // Looked for before anything can be created: what comes from now on is no leftover.
    const leftOver = (await this.#entries(root)).filter(isLeftOver);
    this.#sweeping = sweep(leftOver.map((name) => join(root, name)));
    return root;
  }

  async #entries(root: string): Promise<string[]> {
    try {
      const entries = await readDirectory(root);
      return entries.filter((entry) => entry.isDirectory()).map(({ name }) => name.toString());
    } catch (error) {
      throw fileFault(root, error);
    }
  }
}

/** Makes the names last that lead from `first` to `last`, which is in it or the same. */
async function syncNames(last: string, first: string): Promise<void> {
  for (let path = last; path.length >= first.length; path = dirname(path)) {
    await syncDirectory(dirname(path));
  }
}

/** What cannot be removed now is removed when the store is next begun. */
async function sweep(paths: readonly string[]): Promise<void> {
  for (const path of paths) await removeTree(path).catch(() => {});
}
