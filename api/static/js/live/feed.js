import { apply, fromSnapshot } from "./state.js";

const RETRY = 300;
const RETRY_MOST = 10_000;

/** Keeps the state true: applies frames in order, and replaces everything from a snapshot when it cannot. */
export class Feed {
  #fetch;
  #changed;
  #pending = [];
  #refreshing = null;
  #failures = 0;

  /** `fetchSnapshot` resolves to LiveSessionStats; `changed` is told (state, previous) after every change. */
  constructor(snapshot, fetchSnapshot, changed) {
    this.state = fromSnapshot(snapshot);
    this.truthAt = Date.now();
    this.#fetch = fetchSnapshot;
    this.#changed = changed;
  }

  /** A frame from the gateway. While behind, frames wait for the snapshot they may be newer than. */
  take(frame) {
    if (this.state.behind) {
      this.#pending.push(frame);
      return;
    }
    this.#become(apply(this.state, frame));
    if (this.state.behind) {
      this.#pending = [frame];
      this.#catchUp();
    }
  }

  /** Fetches a snapshot now; resolves to whether it came. Several callers share one fetch. */
  refresh() {
    this.#refreshing ??= this.#refresh().finally(() => { this.#refreshing = null; });
    return this.#refreshing;
  }

  async #refresh() {
    let stats;
    try {
      stats = await this.#fetch();
    } catch {
      this.#failures += 1;
      return false;
    }
    this.#failures = 0;
    this.truthAt = Date.now();
    const overtaken = !this.state.behind && stats.epoch === this.state.epoch && stats.version < this.state.version;
    if (!overtaken) this.#replace(stats);
    return true;
  }

  #replace(stats) {
    const waiting = this.#pending.filter((frame) => frame.type !== "RESYNC");
    this.#pending = waiting;
    const state = waiting.reduce(apply, fromSnapshot(stats));
    if (!state.behind) this.#pending = [];
    this.#become(state);
  }

  #become(state) {
    const previous = this.state;
    if (state === previous) return;
    this.state = state;
    this.#changed(state, previous);
  }

  async #catchUp() {
    while (this.state.behind) {
      await this.refresh();
      const wait = Math.min(RETRY_MOST, RETRY * 2 ** this.#failures);
      if (this.state.behind) await new Promise((resolve) => setTimeout(resolve, wait));
    }
  }
}
