import { clockFormat } from "../clock.js";
import { fill } from "../texts.js";

const FRESH = 15_000;

/** The connection in a word: live, reconnecting in n s, or stale since hh:mm when not even asking helps. */
class ConnectionPill extends HTMLElement {
  #link = { name: "connecting" };
  #truthAt = () => Date.now();

  connectedCallback() {
    this.timer = setInterval(() => this.#draw(), 500);
  }

  disconnectedCallback() {
    clearInterval(this.timer);
  }

  /** `truthAt` gives the local time of the last true numbers. */
  follow(truthAt, timeZone) {
    this.#truthAt = truthAt;
    this.format = clockFormat(timeZone);
  }

  show(link) {
    this.#link = link;
    this.#draw();
  }

  #draw() {
    const [state, words] = this.#say();
    this.dataset.state = state;
    const place = this.querySelector("[data-part=words]");
    if (place.textContent !== words) place.textContent = words;
  }

  #say() {
    const { name, until } = this.#link;
    if (name === "live") return ["live", this.dataset.live];
    if (name === "out") return ["out", this.dataset.out];
    if (Date.now() - this.#truthAt() > FRESH) return ["stale", fill(this.dataset.stale, { time: this.format(this.#truthAt()) })];
    if (name === "off") return ["waiting", this.dataset.polling];
    if (name === "waiting") return ["waiting", fill(this.dataset.waiting, { n: Math.max(1, Math.ceil((until - Date.now()) / 1000)) })];
    return ["connecting", this.dataset.connecting];
  }
}

customElements.define("connection-pill", ConnectionPill);
