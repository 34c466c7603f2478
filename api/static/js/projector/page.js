/** The projector: keeps code, count and the screen itself alive. Any number of them may follow one session. */

import "../live/code.js";
import { Follower } from "../live/follower.js";

class ProjectorScreen extends HTMLElement {
  #gone = new AbortController();

  connectedCallback() {
    if (!this.querySelector("connection-pill")) return; // it is over: nothing changes any more
    this.follower = new Follower(this, {
      changed: (now) => this.#draw(now),
      heard: (frame) => frame.type === "CALL" && this.#again(),
      out: () => location.reload(), // the server shows the login
    });
    this.querySelector("check-in-code")?.follow(this.follower.clock);
    this.#call();
    this.#fullScreen();
    this.#stayAwake();
    document.addEventListener("visibilitychange", () => this.#stayAwake(), { signal: this.#gone.signal });
  }

  disconnectedCallback() {
    this.#gone.abort();
    this.follower?.stop();
    clearInterval(this.timer);
  }

  #draw(now) {
    if (now.status !== this.dataset.status) {
      this.#again(); // another status is another screen
      return;
    }
    for (const place of this.querySelectorAll("[data-count]")) place.textContent = String(now.counts[place.dataset.count]);
  }

  /** The screen as the server paints it now. Not a reload, which would leave the full screen in front of everybody. */
  async #again() {
    this.follower.stop();
    try {
      const response = await fetch(location.href, { cache: "no-store" });
      if (!response.ok || response.redirected) throw new Error(`screen: ${response.status}`);
      const painted = new DOMParser().parseFromString(await response.text(), "text/html");
      const screen = document.adoptNode(painted.querySelector("projector-screen"));
      customElements.upgrade(screen); // its parts first, then the whole
      this.replaceWith(screen);
    } catch {
      location.reload();
    }
  }

  /** A call to confirm goes away by itself, by the server's time. */
  #call() {
    const closes = Date.parse(this.dataset.callCloses);
    this.timer = setInterval(() => {
      if (this.follower.clock.now() >= closes) this.querySelector("[data-part=call]")?.remove();
    }, 1000);
  }

  #fullScreen() {
    const button = this.querySelector("[data-part=full]");
    const root = document.documentElement;
    if (!root.requestFullscreen) return; // not on every tablet
    const show = () => { button.hidden = document.fullscreenElement !== null; };
    button.addEventListener("click", () => root.requestFullscreen().catch(() => {}));
    document.addEventListener("fullscreenchange", show, { signal: this.#gone.signal });
    show();
  }

  /** Asked for again whenever the page is shown: the browser takes the lock back when it is hidden. */
  async #stayAwake() {
    if (document.hidden || !navigator.wakeLock) return;
    try {
      await navigator.wakeLock.request("screen");
      this.dataset.awake = "true";
    } catch {
      this.dataset.awake = "false"; // the machine decides; the code is shown all the same
    }
  }
}

customElements.define("projector-screen", ProjectorScreen);
