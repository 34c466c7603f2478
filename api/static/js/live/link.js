import { backoff, spread } from "../backoff.js";

const PATIENCE = 10_000;

/** The socket to the gateway: a fresh ticket on every try, resumed from the last position, and noticed when dead.
 *
 * `told` is called with {name: "connecting" | "live" | "waiting" | "off" | "out", until?}; "off" means that the
 * gateway does not want us (the page goes on asking), "out" that the person is not signed in any more.
 */
export class Link {
  #channel; #position; #took; #told; #clock;
  #socket = null; #timer = 0; #pinger = 0; #verdict = 0;
  #failures = 0; #hint = null; #stopped = false;

  constructor({ channel, position, took, told, clock }) {
    this.#channel = channel;
    this.#position = position;
    this.#took = took;
    this.#told = told;
    this.#clock = clock;
    addEventListener("online", () => this.#hurry());
    addEventListener("offline", () => this.#socket ? this.#drop() : undefined);
    document.addEventListener("visibilitychange", () => document.hidden || this.#ping());
  }

  async start() {
    clearTimeout(this.#timer);
    if (this.#stopped) return;
    this.#told({ name: "connecting" });
    try {
      const ticket = await this.#ticket();
      if (ticket) this.#open(ticket);
    } catch {
      this.#again();
    }
  }

  stop() {
    this.#stopped = true;
    clearTimeout(this.#timer);
    this.#drop();
  }

  async #ticket() {
    const response = await fetch("/api/v1/realtime/ticket", { method: "POST", headers: { Accept: "application/json" } });
    if (response.status === 401) {
      this.#stopped = true;
      this.#told({ name: "out" });
      return null;
    }
    if (!response.ok) throw new Error(`ticket: ${response.status}`);
    return response.json();
  }

  #open({ ticket, url }) {
    const asked = Date.now();
    const socket = new WebSocket(`${url}?ticket=${encodeURIComponent(ticket)}`);
    this.#socket = socket;
    this.#verdict = setTimeout(() => this.#drop(), PATIENCE);
    socket.onmessage = ({ data }) => socket === this.#socket && this.#heard(JSON.parse(data), asked);
    socket.onclose = ({ code }) => socket === this.#socket && this.#closed(code);
  }

  #heard(frame, asked) {
    const { data } = frame.payload;
    clearTimeout(this.#verdict);
    if (frame.type === "CONNECTED") {
      const served = Date.parse(data.serverTime);
      this.#clock.learn(served, served, asked, Date.now());
      this.#pinger = setInterval(() => this.#ping(), data.pingSeconds * 1000);
      this.#subscribe();
    } else if (frame.type === "SUBSCRIBED") {
      this.#failures = 0;
      this.#told({ name: "live", ...data });
    } else if (frame.type === "RECONNECT") {
      this.#hint = data.maxJitterMs;
    } else if (frame.type === "ERROR") {
      if (!data.temporary) this.#closed(4501);
      else if (data.message.startsWith(`${this.#channel}: `)) this.#unsubscribed();
    } else if (frame.type !== "PONG") {
      this.#took(frame);
    }
  }

  #subscribe() {
    this.#send({ type: "SUBSCRIBE", channel: this.#channel, ...this.#position() });
  }

  /** Not, or not any more: nobody pushes to us until we have asked again, on this same socket. */
  #unsubscribed() {
    this.#later(backoff(this.#failures), () => {
      this.#told({ name: "connecting" });
      this.#subscribe();
    });
  }

  #send(frame) {
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(frame));
  }

  /** A cable that was pulled closes nothing: ask, and take silence for an answer. */
  #ping() {
    if (this.#socket?.readyState !== WebSocket.OPEN) return;
    this.#send({ type: "PING" });
    clearTimeout(this.#verdict);
    this.#verdict = setTimeout(() => this.#drop(), PATIENCE);
  }

  #drop() {
    const socket = this.#socket;
    if (!socket) return;
    this.#closed(1006);
    socket.close();
  }

  #closed(code) {
    const socket = this.#socket;
    this.#socket = null;
    clearInterval(this.#pinger);
    clearTimeout(this.#verdict);
    clearTimeout(this.#timer);
    if (this.#stopped) return;
    if (code >= 4500 && code <= 4999) {
      this.#stopped = true;
      socket?.close();
      this.#told({ name: code === 4504 ? "out" : "off" });
    } else {
      this.#again();
    }
  }

  #again() {
    const wait = this.#hint === null ? backoff(this.#failures) : spread(this.#hint);
    this.#hint = null;
    this.#later(wait, () => this.start());
  }

  #later(wait, work) {
    this.#failures += 1;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(work, wait);
    this.#told({ name: "waiting", until: Date.now() + wait });
  }

  #hurry() {
    if (this.#socket || this.#stopped) return;
    this.#failures = 0;
    this.start();
  }
}
