import { backoff } from "../backoff.js";
import { apply, fromSnapshot } from "./state.js";

const MOST_WAITING = 500; // without the oldest ones the rest shows a gap, and is asked for again

/** Keeps the state true: applies frames in order, and replaces everything from a snapshot when it cannot. */
export class Feed {
  #fetch;
  #changed;
  #pending = [];
  #resync = null;
  #refreshing = null;
  #failures = 0;
  #stopped = false;

  /** `fetchSnapshot` resolves to LiveSessionStats; `changed` is told (state, previous) after every change. */
  constructor(snapshot, fetchSnapshot, changed) {
    this.state = fromSnapshot(snapshot);
    this.truthAt = Date.now();
    this.#fetch = fetchSnapshot;
    this.#changed = changed;
  }

  /** A frame from the gateway. While behind, frames wait for the snapshot they may be newer than. */
  take(frame) {
    if (frame.type === "RESYNC") this.#resync = frame;
    if (this.state.behind) {
      this.#wait(frame);
      return;
    }
    this.#become(apply(this.state, frame));
    if (this.state.behind) {
      this.#wait(frame);
      this.#catchUp();
    }
  }

  /** Fetches a snapshot now; resolves to whether it came. Several callers share one fetch. */
  refresh() {
    this.#refreshing ??= this.#refresh().finally(() => { this.#refreshing = null; });
    return this.#refreshing;
  }

  /** Nothing is told any more. */
  stop() {
    this.#stopped = true;
  }

  async #refresh() {
    const resync = this.#resync;
    this.#pending = []; // what has come by now is in the snapshot, or in one that is asked for later
    let stats;
    try {
      stats = await this.#fetch();
    } catch {
      this.#failures += 1;
      return false;
    }
    this.#failures = 0;
    if (resync !== this.#resync) return true; // asked for before the gateway said that there is a gap: it may lie in it
    this.truthAt = Date.now();
    const overtaken = !resync && stats.epoch === this.state.epoch && stats.version < this.state.version;
    if (!overtaken) this.#replace(stats);
    return true;
  }

  #replace(stats) {
    this.#resync = null;
    const state = this.#pending.reduce(apply, fromSnapshot(stats));
    if (!state.behind) this.#pending = [];
    this.#become(state);
  }

  #wait(frame) {
    if (frame.type !== "RESYNC") this.#pending.push(frame);
    if (this.#pending.length > MOST_WAITING) this.#pending.shift();
  }

  #become(state) {
    const previous = this.state;
    if (state === previous || this.#stopped) return;
    this.state = state;
    this.#changed(state, previous);
  }

  async #catchUp() {
    while (this.state.behind && !this.#stopped) {
      await this.refresh();
      if (this.state.behind) await new Promise((resolve) => setTimeout(resolve, backoff(this.#failures)));
    }
  }
}
