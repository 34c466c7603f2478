/** Follows a session for a page: snapshot and pushes while there is a socket, asking again and again while there is none. */

import { ServerClock } from "../clock.js";
import { Feed } from "./feed.js";
import { Link } from "./link.js";
import "./pill.js";
import { Poll } from "./poll.js";

const PATIENCE = 10_000;

export class Follower {
  #pill; #feed; #link; #poll; #told;
  #connection = { name: "connecting" }; #wasLost = false; #wasTrue = false;

  /** `host` carries session, channel, timeZone and snapshot, and holds the connection pill.
   *
   * `changed` is told (state, previous), `heard` every frame, `beside` is asked for what else belongs to
   * a snapshot (read after it), `lost` and `back` of the live connection, and `out` that
   * only the server can help: nobody is signed in any more.
   */
  constructor(host, told) {
    const { session, channel, timeZone, snapshot } = host.dataset;
    this.clock = new ServerClock();
    this.#told = told;
    this.#feed = new Feed(JSON.parse(snapshot), () => this.#stats(session), (now, before) => this.#changed(now, before));
    this.#pill = host.querySelector("connection-pill");
    this.#pill.follow(() => this.#feed.truthAt, timeZone);
    this.#link = new Link({
      channel,
      clock: this.clock,
      position: () => ({ version: this.#feed.state.version, epoch: this.#feed.state.epoch }),
      took: (frame) => this.#take(frame),
      told: (state) => this.#connected(state),
    });
    this.#poll = new Poll(() => this.#feed.refresh());
    this.#poll.start();
    this.#link.start();
  }

  /** Fetch a snapshot now. */
  refresh() {
    return this.#feed.refresh();
  }

  /** Another page takes over. */
  stop() {
    this.#poll.stop();
    this.#link.stop();
    this.#feed.stop();
  }

  #take(frame) {
    this.#feed.take(frame);
    this.#told.heard?.(frame);
  }

  #changed(now, before) {
    if (now.behind !== before.behind) this.#judge();
    this.#told.changed(now, before);
  }

  async #stats(session) {
    const asked = Date.now();
    const signal = AbortSignal.timeout(PATIENCE);
    const response = await fetch(`/api/v1/sessions/${session}/stats`, { cache: "no-store", signal });
    if (response.status === 401) this.#connected({ name: "out" });
    if (!response.ok) throw new Error(`stats: ${response.status}`);
    this.clock.learnFrom(response, asked);
    const snapshot = await response.json();
    return { ...snapshot, ...(await this.#told.beside?.()) };
  }

  #connected(state) {
    const was = this.#connection.name;
    this.#connection = state;
    if (state.name === "live") {
      this.#poll.stop();
      if (this.#wasLost) this.#told.back?.();
      this.#wasLost = false;
    } else {
      if (was === "live") this.#told.lost?.();
      this.#wasLost ||= was === "live";
      if (state.name === "out") this.#told.out(); // the server shows the login, which leads back here
      else this.#poll.start();
    }
    this.#judge();
  }

  /** Numbers are true while pushes come and none was missed; whoever catches up must not be called live. */
  #judge() {
    const isLive = this.#connection.name === "live";
    const isTrue = isLive && !this.#feed.state.behind;
    if (this.#wasTrue && !isTrue) this.#feed.truthAt = this.#link.heardAt;
    this.#wasTrue = isTrue;
    this.#pill.show(isLive && !isTrue ? { name: "connecting" } : this.#connection);
  }
}
