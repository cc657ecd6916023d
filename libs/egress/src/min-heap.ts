/** What can lie in one heap at a time. It knows its place, so it can be taken out of the middle. */
export interface HeapItem {
  /** What the heap orders by; only changed through the heap it lies in. */
  key: number;
  heapIndex: number | null;
}

/** A binary heap: the item with the least key comes first. Allocates nothing per operation. */
export class MinHeap<Item extends HeapItem> {
  readonly #items: Item[] = [];

  get first(): Item | null {
    return this.#items[0] ?? null;
  }

  /** The least key, or infinity where there is none. */
  get firstKey(): number {
    return this.#items[0]?.key ?? Number.POSITIVE_INFINITY;
  }

  has(item: Item): boolean {
    return item.heapIndex !== null && this.#items[item.heapIndex] === item;
  }

  /** Adds the item, or moves it to where its new key belongs. */
  put(item: Item, key: number): void {
    item.key = key;
    if (this.has(item)) return this.#settle(item, item.heapIndex ?? 0);
    this.#items.push(item);
    this.#rise(item, this.#items.length - 1);
  }

  /** Takes the item out; without effect if it is not in. */
  remove(item: Item): void {
    if (!this.has(item)) return;
    const index = item.heapIndex ?? 0;
    item.heapIndex = null;
    const last = this.#items.pop();
    if (last !== undefined && last !== item) this.#settle(last, index);
  }

  #settle(item: Item, index: number): void {
    const parent = this.#items[(index - 1) >> 1];
    if (index > 0 && parent !== undefined && parent.key > item.key) this.#rise(item, index);
    else this.#sink(item, index);
  }

  #rise(item: Item, from: number): void {
    let index = from;
    while (index > 0) {
      const parentIndex = (index - 1) >> 1;
      const parent = this.#items[parentIndex];
      if (parent === undefined || parent.key <= item.key) break;
      this.#place(parent, index);
      index = parentIndex;
    }
    this.#place(item, index);
  }

  #sink(item: Item, from: number): void {
    let index = from;
    for (;;) {
      const left = this.#items[2 * index + 1];
      const right = this.#items[2 * index + 2];
      const lesser = right !== undefined && left !== undefined && right.key < left.key;
      const child = lesser ? right : left;
      if (child === undefined || child.key >= item.key) break;
      this.#place(child, index);
      index = 2 * index + (lesser ? 2 : 1);
    }
    this.#place(item, index);
  }

  #place(item: Item, index: number): void {
    this.#items[index] = item;
    item.heapIndex = index;
  }
}
