import type { ReplyBytes } from "./reply-bytes.ts";

/** An answer that another thread has to give, so that nothing is written yet. */
export class LateAnswer {
  /** Told once, in a later turn of the event loop, what writes the body; set by who sends it. */
  onReady: (write: (output: ReplyBytes) => void) => void = () => {};

  ready(write: (output: ReplyBytes) => void): void {
    this.onReady(write);
  }
}
