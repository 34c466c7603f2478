const EVERY = 5000;
const MOST = 30_000;

/** Asks for the truth while no socket brings it, so that a blocked WebSocket still shows it. */
export class Poll {
  #ask; #timer = 0; #failures = 0; #running = false;

  /** `ask` resolves to whether it worked. */
  constructor(ask) {
    this.#ask = ask;
  }

  start() {
    if (this.#running) return;
    this.#running = true;
    this.#failures = 0;
    this.#next();
  }

  stop() {
    this.#running = false;
    clearTimeout(this.#timer);
  }

  #next() {
    clearTimeout(this.#timer);
    const wait = Math.min(MOST, EVERY * 2 ** this.#failures);
    this.#timer = setTimeout(() => this.#turn(), wait * (0.5 + Math.random())); // a gateway that dies starts many at once
  }

  async #turn() {
    this.#failures = (await this.#ask()) ? 0 : Math.min(this.#failures + 1, 3);
    if (this.#running) this.#next();
  }
}
