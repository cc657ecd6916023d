/** What subscribed, and under which queue group if any. */
export type TreeEntry = { readonly queue: string | null };

type Node<Entry> = {
  readonly children: Map<string, Node<Entry>>;
  /** Patterns that end here. */
  readonly here: Set<Entry>;
  /** Patterns that end here with `>`. */
  readonly rest: Set<Entry>;
};

/**
 * Subscriptions by the tokens of their subject, so that finding who hears a message costs as many
 * steps as the subject has tokens, however many subscriptions there are.
 */
export class SubjectTree<Entry extends TreeEntry> {
  readonly #root: Node<Entry> = newNode();
  readonly #turns = new Map<string, number>();

  add(pattern: string, entry: Entry): void {
    let node = this.#root;
    const tokens = pattern.split(".");
    const open = tokens.at(-1) === ">";
    for (const token of open ? tokens.slice(0, -1) : tokens) {
      let child = node.children.get(token);
      if (child === undefined) {
        child = newNode();
        node.children.set(token, child);
      }
      node = child;
    }
    (open ? node.rest : node.here).add(entry);
  }

  remove(pattern: string, entry: Entry): void {
    removeFrom(this.#root, pattern.split("."), entry);
  }

  /** Everyone who hears a message: all without a queue, and one of each queue group in turn. */
  receivers(subject: string): readonly Entry[] {
    const found: Entry[] = [];
    collect(this.#root, subject.split("."), { depth: 0, found });
    return found.some((entry) => entry.queue !== null) ? this.#oneOfEachQueue(found) : found;
  }

  #oneOfEachQueue(found: readonly Entry[]): readonly Entry[] {
    const queues = Map.groupBy(found, (entry) => entry.queue);
    const receivers = queues.get(null) ?? [];
    for (const [queue, members] of queues) {
      if (queue === null) continue;
      const turn = this.#turns.get(queue) ?? 0;
      const chosen = members[turn % members.length];
      this.#turns.set(queue, turn + 1);
      if (chosen !== undefined) receivers.push(chosen);
    }
    return receivers;
  }
}

function newNode<Entry>(): Node<Entry> {
  return { children: new Map(), here: new Set(), rest: new Set() };
}

function collect<Entry>(
  node: Node<Entry>,
  tokens: readonly string[],
  { depth, found }: { readonly depth: number; readonly found: Entry[] },
): void {
  const token = tokens[depth];
  if (token === undefined) {
    found.push(...node.here);
    return;
  }
  found.push(...node.rest);
  for (const name of [token, "*"]) {
    const child = node.children.get(name);
    if (child !== undefined) collect(child, tokens, { depth: depth + 1, found });
  }
}

/** Removes the entry and the branches it leaves bare; says whether the node itself is bare now. */
function removeFrom<Entry>(node: Node<Entry>, tokens: readonly string[], entry: Entry): boolean {
  const [token, ...others] = tokens;
  if (token === undefined) {
    node.here.delete(entry);
  } else if (token === ">" && others.length === 0) {
    node.rest.delete(entry);
  } else {
    const child = node.children.get(token);
    if (child !== undefined && removeFrom(child, others, entry)) node.children.delete(token);
  }
  return node.children.size === 0 && node.here.size === 0 && node.rest.size === 0;
}
