/** In place of an answer's length: none, the packet is dropped. */
export const SILENCE = -1;

/** In place of an answer's length: not yet, and it will be sent to where `later` is told. */
export const LATER = -2;

/** Why a packet got no answer. */
export type UdpSilence =
  | "too-short"
  | "too-long"
  | "protocol-unknown"
  | "connection-forged"
  | "connects-too-many"
  | "requests-too-many"
  | "thread-busy"
  | "not-sent";

/** Since the start; plain numbers, so that counting an announce costs an addition. */
export class UdpCounts {
  connects = 0;
  announces = 0;
  scrapes = 0;
  readonly silences: Record<UdpSilence, number> = {
    "too-short": 0,
    "too-long": 0,
    "protocol-unknown": 0,
    "connection-forged": 0,
    "connects-too-many": 0,
    "requests-too-many": 0,
    "thread-busy": 0,
    "not-sent": 0,
  };
  /** Error replies by code: of `UdpRefusal`, or of the tracker's violation. */
  readonly refusals: Map<string, number> = new Map();

  refused(code: string): void {
    this.refusals.set(code, (this.refusals.get(code) ?? 0) + 1);
  }
}
