/** The live page: the server painted it, this keeps it true. */

import { ServerClock } from "../clock.js";
import { plural } from "../texts.js";
import { Announcer } from "./announcer.js";
import "./code.js";
import "./count.js";
import { Feed } from "./feed.js";
import { Link } from "./link.js";
import "./pill.js";
import { Poll } from "./poll.js";
import "./recent.js";

class LiveSession extends HTMLElement {
  connectedCallback() {
    const { session, channel, timeZone, snapshot } = this.dataset;
    this.clock = new ServerClock();
    this.announcer = new Announcer(this.querySelector("[data-part=announcer]"), this.dataset);
    this.feed = new Feed(JSON.parse(snapshot), () => this.#stats(session), (now, before) => this.#draw(now, before));
    this.pill = this.querySelector("connection-pill");
    this.pill.follow(() => this.feed.truthAt, timeZone);
    this.link = new Link({
      channel,
      clock: this.clock,
      position: () => ({ version: this.feed.state.version, epoch: this.feed.state.epoch }),
      took: (frame) => this.feed.take(frame),
      told: (state) => this.#connection(state),
    });
    this.poll = new Poll(() => this.feed.refresh());
    this.poll.start();
    this.link.start();
    this.querySelector("check-in-code")?.follow(this.clock);
    this.#dialogs();
  }

  async #stats(session) {
    const asked = Date.now();
    const response = await fetch(`/api/v1/sessions/${session}/stats`, { cache: "no-store" });
    if (response.status === 401) this.#connection({ name: "out" });
    if (!response.ok) throw new Error(`stats: ${response.status}`);
    this.clock.learnFrom(response, asked);
    return response.json();
  }

  #connection(state) {
    const was = this.connection;
    this.connection = state.name;
    if (state.name === "live") {
      this.poll.stop();
      this.feed.truthAt = Date.now();
      if (was !== undefined && this.wasLost) this.announcer.say(this.dataset.back);
      this.wasLost = false;
      // Resuming is all or nothing; whoever was not resumed and stands elsewhere needs a snapshot.
      if (!state.recovered && !this.#standsAt(state)) this.feed.refresh();
    } else {
      if (was === "live") this.announcer.say(this.dataset.lost);
      this.wasLost ||= was === "live";
      if (was === "live") this.feed.truthAt = Date.now();
      if (state.name === "out") this.#again(); // the server shows the login, which leads back here
      else this.poll.start();
    }
    this.pill.show(state);
  }

  /** Not a reload: this page may be the answer to a form. */
  #again() {
    this.poll.stop();
    this.link.stop();
    location.assign(`/teach/sessions/${this.dataset.session}/live`);
  }

  #standsAt({ version, epoch }) {
    return version === this.feed.state.version && epoch === this.feed.state.epoch;
  }

  #draw(now, before) {
    if (now.status !== this.dataset.status) {
      this.#again(); // another status is another page: buttons, code, final numbers
      return;
    }
    this.querySelector("attendance-count").show(now.counts);
    this.querySelector("recent-checkins").show(now.recent, this.dataset.timeZone);
    for (const place of this.querySelectorAll("[data-unmarked]")) place.textContent = plural(place.dataset, "text", now.counts.notMarked);
    this.announcer.checkedIn(now.counts.presentStudents - before.counts.presentStudents, now.counts);
  }

  /** Links to the question pages open the same question here. */
  #dialogs() {
    for (const link of this.querySelectorAll("[data-opens]")) {
      link.addEventListener("click", (event) => {
        event.preventDefault();
        this.querySelector(`#${link.dataset.opens}`).showModal();
      });
    }
  }
}

customElements.define("live-session", LiveSession);
