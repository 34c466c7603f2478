/** The live page: the server painted it, this keeps it true. */

import { plural } from "../texts.js";
import { Announcer } from "./announcer.js";
import "./code.js";
import "./count.js";
import { Follower } from "./follower.js";
import "./recent.js";
import "./roll.js";

class LiveSession extends HTMLElement {
  connectedCallback() {
    this.announcer = new Announcer(this.querySelector("[data-part=announcer]"), this.dataset);
    this.follower = new Follower(this, {
      changed: (now, before) => this.#draw(now, before),
      beside: () => this.#roll(),
      lost: () => this.announcer.say(this.dataset.lost),
      back: () => this.announcer.say(this.dataset.back),
      out: () => this.#again(),
    });
    this.querySelector("check-in-code")?.follow(this.follower.clock);
    this.#dialogs();
    if (this.roll) this.follower.refresh(); // the first paint has the counters, not the names
  }

  get roll() {
    return this.querySelector("session-roll");
  }

  async #roll() {
    if (!this.roll) return {};
    const response = await fetch(`/teach/sessions/${this.dataset.session}/roll.json`, { cache: "no-store" });
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
