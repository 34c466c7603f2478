/** The page of a participant: shows what presence.js knows, in words, and leaves when asked to. */

import { ServerClock, clockFormat } from "../clock.js";
import { fill } from "../texts.js";

const GAP = 75_000; // up to this far apart it is one stay, also over a reload
const SPREAD = 2000; // those who are in a session are told of a call in the same moment
const CALLS_AGAIN = 20_000; // and to half as long again: over HTTP nobody tells of a call, and one is open for 30 s or more
const SHOWN = { fallback: "fallback", connected: "connected", offline: "offline" };

class PresenceKeeper extends HTMLElement {
  #state = { name: "connecting" };

  connectedCallback() {
    const { session, userType, timeZone, phase, opensAt } = this.dataset;
    this.format = clockFormat(timeZone);
    this.usualTitle = document.title;
    this.early = phase === "early";
    this.opensAt = opensAt ? Date.parse(opensAt) : Infinity;
    this.presence = globalThis.Muster.presence({ session, userType });
    this.presence.addEventListener("state", ({ detail }) => this.#show(detail));
    this.presence.addEventListener("session", ({ detail }) => detail.status === "active" && this.#begin());
    this.#followCalls();
    this.#part("leave").addEventListener("submit", () => this.presence.stop());
    this.timer = setInterval(() => this.#tick(), 1000);
  }

  disconnectedCallback() {
    clearInterval(this.timer);
    clearTimeout(this.closing);
    clearTimeout(this.asking);
    this.presence.stop();
  }

  #part(name) {
    return this.querySelector(`[data-part=${name}]`);
  }

  /** Everybody hears that somebody is asked; who it is stands here. A failure costs the note, not the presence. */
  async #asked() {
    const asked = Date.now();
    const response = await fetch(`/api/v1/sessions/${this.dataset.session}/calls/mine`, { cache: "no-store" }).catch(() => null);
    if (!response?.ok) return;
    const clock = new ServerClock();
    clock.learnFrom(response, asked);
    const [call] = (await response.json()).items;
    const left = call && !call.confirmedAt ? Date.parse(call.closesAt) - clock.now() : 0;
    const note = this.#part("asked");
    note.hidden = left <= 0;
    clearTimeout(this.closing);
    if (note.hidden) return;
    this.#part("asked-words").textContent = fill(note.dataset.text, { time: this.format(call.closesAt) });
    this.closing = setTimeout(() => { note.hidden = true; }, left);
  }

  #followCalls() {
    const note = this.#part("asked");
    if (!note) return; // a tutor is not asked
    const again = () => note.hidden || document.hidden || this.#asked(); // it may have been answered in another tab
    const soon = () => setTimeout(() => this.#asked(), SPREAD * Math.random());
    this.presence.addEventListener("call", soon);
    this.presence.addEventListener("missed", soon);
    this.presence.addEventListener("state", ({ detail }) => detail.name === "connected" && soon()); // from now on one is told
    this.#askOverHttp();
    document.addEventListener("visibilitychange", again);
    again();
  }

  #askOverHttp() {
    this.asking = setTimeout(() => {
      if (this.#state.name === "fallback") this.#asked();
      this.#askOverHttp();
    }, CALLS_AGAIN * (1 + Math.random() / 2));
  }

  /** From now on the time here counts. */
  #begin() {
    this.early = false;
    this.#part("early").hidden = true;
  }

  #show(state) {
    const stopped = state.name === "stopped";
    if (stopped && state.reason === "left") return; // the form leads on
    this.#state = state;
    const name = this.#name(state);
    for (const block of this.querySelectorAll("[data-state]")) {
      block.hidden = block.dataset.state !== name;
      const place = block.querySelector("[data-slot=since]");
      if (place && state.since) place.textContent = this.format(this.#since(state.since));
    }
    const word = this.querySelector(`[data-state="${name}"] .join__word`).textContent;
    document.title = `${word} · ${this.usualTitle}`; // told also by the tab, which is often in the background
    this.#part("while").hidden = stopped;
    this.#tick();
  }

  #name({ name, reason, until }) {
    this.lost = SHOWN[name] ? name === "offline" : this.lost || Boolean(until); // a try in between looks no different
    if (name !== "stopped") return SHOWN[name] ?? (this.lost ? "waiting" : "connecting");
    return this.querySelector(`[data-state="stopped-${reason}"]`) ? `stopped-${reason}` : "stopped-other";
  }

  /** A page reloaded in the middle of a stay goes on with it. */
  #since(since) {
    const { since: known, last } = this.dataset;
    return known && since - Date.parse(last) <= GAP ? Date.parse(known) : since;
  }

  #tick() {
    const { until } = this.#state;
    const place = this.#part("countdown");
    place.hidden = !until || until <= Date.now();
    if (!place.hidden) place.textContent = fill(place.dataset.text, { n: Math.ceil((until - Date.now()) / 1000) });
    if (this.early && Date.now() >= this.opensAt) this.#begin();
  }
}

customElements.define("presence-keeper", PresenceKeeper);
