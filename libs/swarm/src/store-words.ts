const WORD_BYTES = 4;

/**
 * Memory for peers, as words, all zero. V8 counts the bytes of ordinary array buffers as pressure
 * on its heap, and with some ten megabytes of peers it would mark that heap over and over, for
 * milliseconds each time, to find nothing. Those of shared ones it does not count.
 */
export function storeWords(count: number): Int32Array {
  return new Int32Array(new SharedArrayBuffer(count * WORD_BYTES));
}
