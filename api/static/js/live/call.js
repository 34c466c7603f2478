/** The call to confirm that is open, by hand or by the session's rule; it goes away by itself, by the server's time. */

import { clockFormat } from "../clock.js";
import { fill } from "../texts.js";

class OpenCall extends HTMLElement {
  #call = null;

  /** Starts showing what the server painted; `clock` is its time. */
  follow(clock, timeZone) {
    this.clock = clock;
    this.format = clockFormat(timeZone);
    this.#call = JSON.parse(this.dataset.call);
    this.timer = setInterval(() => this.#draw(), 1000);
  }

  disconnectedCallback() {
    clearInterval(this.timer);
  }

  /** What is said of it now, "" while nobody is asked. */
  get words() {
    return this.hidden ? "" : this.#part.textContent;
  }

  /** Takes a frame; whether a call has begun. */
  heard({ type, payload: { data } }) {
    if (type === "CALL") this.show({ ...data, id: data.callId, confirmed: 0 });
    if (type === "CONFIRMED" && data.callId === this.#call?.id) this.show({ ...this.#call, confirmed: data.confirmed });
    return type === "CALL";
  }

  /** Fetches the newest call, beside a snapshot: frames may have been missed. */
  async refresh(signal) {
    const response = await fetch(`/api/v1/sessions/${this.dataset.session}/calls`, { cache: "no-store", signal });
    if (!response.ok) throw new Error(`calls: ${response.status}`);
    this.show((await response.json()).items[0] ?? null);
  }

  show(call) {
    this.#call = call;
    this.#draw();
  }

  get #part() {
    return this.querySelector("[data-part=words]");
  }

  #draw() {
    this.hidden = !this.#call || this.clock.now() >= Date.parse(this.#call.closesAt);
    if (this.hidden) return;
    const { byRule, asked, confirmed, closesAt } = this.#call;
    const text = fill(byRule ? this.dataset.byRule : this.dataset.byHand, { asked, confirmed, time: this.format(closesAt) });
    if (this.#part.textContent !== text) this.#part.textContent = text;
  }
}

customElements.define("open-call", OpenCall);
