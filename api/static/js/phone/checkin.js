/** One tap, sent until the server has said yes or no. Nothing looks done before that. */

import { backoff } from "../backoff.js";
import { clockFormat } from "../clock.js";
import { fill } from "../texts.js";

const MOST_INACCURATE = 100_000; // metres, the most the API takes

class CheckInForm extends HTMLElement {
  #failures = 0;
  #key = crypto.randomUUID?.() ?? String(Math.random()).slice(2); // a repeat of a lost answer gets that answer again

  connectedCallback() {
    this.form = this.querySelector("form");
    this.button = this.form.querySelector("button");
    this.label = this.button.textContent;
    this.progress = this.querySelector("[data-part=progress]");
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      if (this.button.ariaDisabled !== "true") this.#send();
    });
    addEventListener("online", () => this.waiting && this.#send());
  }

  async #send() {
    clearTimeout(this.timer);
    this.waiting = false;
    this.button.setAttribute("aria-disabled", "true");
    this.button.textContent = this.dataset.sending;
    try {
      // Once: a repeat has to say the same, or it would be another request under the same key.
      if ("place" in this.dataset) this.place ??= await this.#whereabouts();
      await this.#judge(await this.#post());
    } catch {
      this.#again();
    }
  }

  #post() {
    return fetch(this.dataset.url, {
      method: "POST",
      headers: { "Content-Type": "application/json", "Idempotency-Key": this.#key },
      body: JSON.stringify({ ticket: this.form.elements.ticket.value, ...this.place }),
      signal: AbortSignal.timeout?.(10_000),
    });
  }

  /** Where the phone is, as far as it may and can tell; the server decides what becomes of a phone that does not. */
  #whereabouts() {
    if (!navigator.geolocation) return Promise.resolve({});
    this.progress.textContent = this.dataset.place;
    return new Promise((resolve) => {
      navigator.geolocation.getCurrentPosition(
        ({ coords: { latitude, longitude, accuracy } }) =>
          resolve({ location: { latitude, longitude, accuracyMeters: Math.min(accuracy, MOST_INACCURATE) } }),
        () => resolve({}),
        { enableHighAccuracy: true, timeout: 10_000, maximumAge: 30_000 },
      );
    }).finally(() => { this.progress.textContent = ""; });
  }

  async #judge(response) {
    if (response.status === 401) {
      location.assign("/login?next=/checkin");
    } else if (response.ok) {
      this.#yes(await response.json());
    } else if (response.status >= 500) {
      this.#again();
    } else {
      this.#no((await response.json()).code);
    }
  }

  /** No answer, or "not now": not recorded. Goes on by itself, since a student would only tap again. */
  #again() {
    if (performance.now() > 1000 * this.dataset.seconds) {
      this.#no("code_expired");
      return;
    }
    const wait = Math.max(1000, backoff(this.#failures++));
    this.waiting = true;
    this.button.setAttribute("aria-disabled", "false");
    this.button.textContent = this.label;
    const text = navigator.onLine ? this.dataset.waiting : this.dataset.offline;
    this.progress.textContent = fill(text, { n: Math.ceil(wait / 1000) });
    this.timer = setTimeout(() => this.#send(), wait);
  }

  #yes(answer) {
    const view = this.querySelector(`template[data-result="${answer.status}"]`).content.cloneNode(true);
    view.querySelector("[data-slot=time]").textContent = clockFormat(this.dataset.timeZone)(answer.timestamp);
    view.querySelector("[data-slot=repeat]").hidden = !answer.duplicate;
    document.body.classList.add("result-page");
    document.querySelector(".bar").remove();
    this.#become(view, "phone--done");
    navigator.vibrate?.(60);
  }

  #no(code) {
    const template = this.querySelector(`template[data-refusal="${code}"]`) ?? this.querySelector("template[data-refusal=other]");
    this.#become(template.content.cloneNode(true));
  }

  #become(view, ...classes) {
    this.classList.add(...classes);
    this.replaceChildren(view);
    const title = this.querySelector("h1");
    document.title = title.textContent;
    title.focus(); // so that a screen reader says it
  }
}

customElements.define("check-in", CheckInForm);
