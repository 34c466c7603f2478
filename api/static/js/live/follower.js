/** Follows a session for a page: snapshot and pushes while there is a socket, asking again and again while there is none. */

import { ServerClock } from "../clock.js";
import { Feed } from "./feed.js";
import { Link } from "./link.js";
import "./pill.js";
import { Poll } from "./poll.js";

export class Follower {
  #pill; #feed; #link; #poll; #told;
  #connection; #wasLost = false;

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
    this.#feed = new Feed(JSON.parse(snapshot), () => this.#stats(session), (now, before) => told.changed(now, before));
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
  }

  #take(frame) {
    this.#feed.take(frame);
    this.#told.heard?.(frame);
  }

  async #stats(session) {
    const asked = Date.now();
    const response = await fetch(`/api/v1/sessions/${session}/stats`, { cache: "no-store" });
    if (response.status === 401) this.#connected({ name: "out" });
    if (!response.ok) throw new Error(`stats: ${response.status}`);
    this.clock.learnFrom(response, asked);
    const snapshot = await response.json();
    return { ...snapshot, ...(await this.#told.beside?.()) };
  }

  #connected(state) {
    const was = this.#connection;
    this.#connection = state.name;
    if (state.name === "live") {
      this.#poll.stop();
      this.#feed.truthAt = Date.now();
      if (was !== undefined && this.#wasLost) this.#told.back?.();
      this.#wasLost = false;
      // Resuming is all or nothing; whoever was not resumed and stands elsewhere needs a snapshot.
      if (!state.recovered && !this.#standsAt(state)) this.#feed.refresh();
    } else {
      if (was === "live") this.#told.lost?.();
      this.#wasLost ||= was === "live";
      if (was === "live") this.#feed.truthAt = Date.now();
      if (state.name === "out") this.#told.out(); // the server shows the login, which leads back here
      else this.#poll.start();
    }
    this.#pill.show(state);
  }

  #standsAt({ version, epoch }) {
    return version === this.#feed.state.version && epoch === this.#feed.state.epoch;
  }
}
