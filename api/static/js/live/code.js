/** The code on the screen: picture, short code and countdown, renewed together at each step. */

const DEAD_AFTER = 5000; // a step is accepted until 5 s after its end; later, scanning it is in vain
const LOOK_WHILE_HIDDEN = 5000; // somebody may show it again from another screen
const NO_CODE = "···· ····";
const TIMEOUT = 5000; // as long as a step outlives itself
const PATIENCE = [300, 1000, 2000, 4000];

class CheckInCode extends HTMLElement {
  #expires = 0; #step = 0; #visible = false; #rotate = 15;
  #notBefore = 0; #tries = 0; #busy = false;
  #short = NO_CODE; #generation = -1; #wanted = 0; #drawn = 0;

  /** Starts following `clock`, the server's time. */
  follow(clock) {
    this.clock = clock;
    this.#visible = this.dataset.visible === "true";
    this.#step = Number(this.dataset.step);
    this.#rotate = Number(this.dataset.rotate);
    this.#short = this.#part("short").textContent;
    this.#expires = Date.parse(this.dataset.expires);
    this.#part("toggle")?.addEventListener("submit", (event) => this.#toggle(event));
    this.timer = setInterval(() => this.#tick(), 200);
    this.#renew(); // at once: the first answer sets the clock
  }

  disconnectedCallback() {
    clearInterval(this.timer);
  }

  /** Codes have started anew, maybe within a step: an older one is dead, and the next is asked for until it comes.
   *
   * It may be here already: the step turned in between, or the news is told again.
   */
  renew(generation) {
    this.#wanted = generation;
    if (this.#generation >= generation) return;
    this.#expires = Math.min(this.#expires, this.clock.now());
    this.#notBefore = this.#tries = 0;
  }

  get #url() {
    return `/api/v1/sessions/${this.dataset.session}/qr`;
  }

  #part(name) {
    return this.querySelector(`[data-part=${name}]`);
  }

  #tick() {
    const left = this.#expires - this.clock.now();
    if (this.#visible) this.#draw(Math.max(0, left));
    const dead = this.#visible && left <= -DEAD_AFTER;
    this.#part("dead").hidden = !dead;
    if (dead) this.#part("short").textContent = NO_CODE;
    const due = this.#visible ? left <= 0 : left <= -LOOK_WHILE_HIDDEN;
    if (due && Date.now() >= this.#notBefore) this.#renew();
  }

  #draw(left) {
    const share = Math.min(100, left / (10 * this.#rotate));
    this.#part("hand").setAttribute("stroke-dasharray", `${share.toFixed(1)} 100`);
    const digits = String(Math.ceil(left / 1000));
    if (this.#part("digits").textContent !== digits) this.#part("digits").textContent = digits;
  }

  async #renew() {
    if (this.#busy) return;
    this.#busy = true;
    try {
      await this.#show(await this.#ask("GET"));
    } catch {
      this.#wait(); // no answer: the overlay says so when the code is dead
    } finally {
      this.#busy = false;
    }
  }

  async #ask(method, body) {
    const asked = Date.now();
    const headers = body ? { "Content-Type": "application/json" } : {};
    const signal = AbortSignal.timeout(TIMEOUT);
    const options = { method, headers, body: body && JSON.stringify(body), cache: "no-store", signal };
    const response = await fetch(this.#url, options);
    if (!response.ok) throw new Error(`code: ${response.status}`);
    this.clock.learnFrom(response, asked);
    return response.json();
  }

  #wait() {
    this.#notBefore = Date.now() + PATIENCE[Math.min(this.#tries, PATIENCE.length - 1)];
    this.#tries += 1;
  }

  async #show(code) {
    const short = code.visible ? `${code.shortCode.slice(0, 4)} ${code.shortCode.slice(4)}` : NO_CODE;
    const changed = short !== this.#short || code.step !== this.#step || code.visible !== this.#visible;
    const picture = changed && code.visible ? await this.#picture(code.step) : null;
    if (code.visible && code.generation < this.#wanted) return this.#wait(); // not everybody has heard of the new codes yet
    if (picture) this.#part("qr").src = picture;
    if (!changed && code.visible) this.#wait(); // asked a moment too early
    if (changed || !code.visible) this.#tries = this.#notBefore = 0;
    this.#step = code.step;
    this.#generation = code.generation;
    this.#visible = code.visible;
    this.#rotate = code.rotateSeconds;
    this.#expires = Date.parse(code.expiresAt);
    this.#part("short").textContent = this.#short = short;
    for (const part of this.querySelectorAll("[data-while=shown]")) part.hidden = !code.visible;
    for (const part of this.querySelectorAll("[data-while=hidden]")) part.hidden = code.visible;
  }

  /** The new picture is complete before the old one goes: no flicker, and never half a code. */
  async #picture(step) {
    const next = new Image();
    this.#drawn += 1; // codes may start anew within a step, and a browser draws an address that it has seen from memory
    next.src = `${this.#url}.svg?step=${step}&drawn=${this.#drawn}`;
    await next.decode();
    return next.src;
  }

  async #toggle(event) {
    const button = event.submitter;
    if (this.plain || !button) return; // the form itself does it
    event.preventDefault();
    try {
      await this.#show(await this.#ask("PUT", { visible: button.value === "true" }));
      this.#part(button.value === "true" ? "hide" : "show").focus();
    } catch {
      this.plain = true;
      event.target.requestSubmit(button);
    }
  }
}

customElements.define("check-in-code", CheckInCode);
