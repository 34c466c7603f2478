/** How far an export is. Whatever is not "waiting" any more is another page, which the server paints. */

import { fill } from "./texts.js";

const EVERY = 1000;
const PATIENCE = 10_000;
const STUCK = 31_000;

class ExportProgress extends HTMLElement {
  connectedCallback() {
    this.timer = setTimeout(() => this.#look(), EVERY);
  }

  disconnectedCallback() {
    clearTimeout(this.timer);
  }

  async #look() {
    try {
      const response = await fetch(this.dataset.url, { cache: "no-store", signal: AbortSignal.timeout(PATIENCE) });
      if (response.status < 500) this.#show(response.ok ? await response.json() : { status: "gone" });
    } catch {
      // No network: the number stays, and is asked for again.
    }
    this.timer = setTimeout(() => this.#look(), EVERY);
  }

  #show({ status, rowsDone, rowsTotal }) {
    const isStuck = rowsDone === 0 && performance.now() > STUCK; // the server knows what to say
    if (status !== "waiting" || isStuck) location.reload();
    this.querySelector("progress").value = rowsDone;
    this.querySelector("[data-part=rows]").textContent = fill(this.dataset.rows, { done: rowsDone, total: rowsTotal });
  }
}

customElements.define("export-progress", ExportProgress);
