/** The live page: the server painted it, this keeps it true. */

import { plural } from "../texts.js";
import { Announcer } from "./announcer.js";
import "./call.js";
import "./code.js";
import "./count.js";
import { Follower } from "./follower.js";
import "./recent.js";
import "./roll.js";

const PATIENCE = 10_000;

class LiveSession extends HTMLElement {
  connectedCallback() {
    this.announcer = new Announcer(this.querySelector("[data-part=announcer]"), this.dataset);
    this.follower = new Follower(this, {
      changed: (now, before) => this.#draw(now, before),
      heard: (frame) => this.#heard(frame),
      beside: () => this.#beside(),
      lost: () => this.announcer.say(this.dataset.lost),
      back: () => this.announcer.say(this.dataset.back),
      out: () => this.#again(),
    });
    this.querySelector("check-in-code")?.follow(this.follower.clock);
    this.call?.follow(this.follower.clock, this.dataset.timeZone);
    this.#dialogs();
    if (this.roll) this.follower.refresh(); // the first paint has the counters, not the names
  }

  get call() {
    return this.querySelector("open-call");
  }

  /** A call starts new codes, and comes without this page's doing where the session's rule asks. */
  #heard(frame) {
    if (!this.call?.heard(frame)) return;
    this.querySelector("check-in-code").renew(frame.payload.data.generation);
    this.announcer.say(this.call.words);
  }

  /** What belongs to a snapshot. */
  async #beside() {
    const [roll] = await Promise.all([this.#roll(), this.call?.refresh(AbortSignal.timeout(PATIENCE))]);
    return roll;
  }

  get roll() {
    return this.querySelector("session-roll");
  }

  async #roll() {
    if (!this.roll) return {};
    const response = await fetch(`/teach/sessions/${this.dataset.session}/roll.json`, { cache: "no-store", signal: AbortSignal.timeout(PATIENCE) });
    if (!response.ok) throw new Error(`roll: ${response.status}`);
    return { roll: await response.json() };
  }

  /** Not a reload: this page may be the answer to a form. */
  #again() {
    this.follower.stop();
    location.assign(`/teach/sessions/${this.dataset.session}/live`);
  }

  #draw(now, before) {
    if (now.status !== this.dataset.status) {
      this.#again(); // another status is another page: buttons, code, final numbers
      return;
    }
    this.querySelector("attendance-count").show(now.counts);
    this.querySelector("recent-checkins").show(now.recent, this.dataset.timeZone);
    this.roll?.show(now.roll);
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
