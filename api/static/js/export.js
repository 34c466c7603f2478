/** How far an export is. Whatever is not "waiting" any more is another page, which the server paints. */

import { fill } from "./texts.js";

const EVERY = 1000;
const LATER = 3000; // no network, or too much to do over there: the number stays, and is asked for again
const PATIENCE = 10_000;
const STUCK = 31_000;
const GONE = [401, 403, 404]; // the page then is the login, or says that the file is gone

class ExportProgress extends HTMLElement {
  connectedCallback() {
    this.timer = setTimeout(() => this.#look(), EVERY);
  }

  disconnectedCallback() {
    clearTimeout(this.timer);
  }

  async #look() {
    let wait = LATER;
    try {
      const response = await fetch(this.dataset.url, { cache: "no-store", signal: AbortSignal.timeout(PATIENCE) });
      if (GONE.includes(response.status)) return location.reload();
      if (response.ok) {
        const told = await response.json();
        if (this.#isAnotherPage(told)) return location.reload();
        this.#show(told);
        wait = EVERY;
      }
    } catch {
      // Later.
    }
    this.timer = setTimeout(() => this.#look(), wait);
  }

  #isAnotherPage({ status, rowsDone }) {
    const isStuck = rowsDone === 0 && performance.now() > STUCK; // the server knows what to say
    return status !== "waiting" || isStuck;
  }

  #show({ rowsDone, rowsTotal }) {
    this.querySelector("progress").value = rowsDone;
    this.querySelector("[data-part=rows]").textContent = fill(this.dataset.rows, { done: rowsDone, total: rowsTotal });
  }
}

customElements.define("export-progress", ExportProgress);
