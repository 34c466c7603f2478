import { backoff, spread } from "../backoff.js";
import { onWake } from "../wake.js";

const PATIENCE = 10_000;

/** The socket to the gateway: a fresh ticket on every try, resumed from the last position, and noticed when dead.
 *
 * `told` is called with {name: "connecting" | "live" | "waiting" | "off" | "out", until?}; "off" means that the
 * gateway does not want us (the page goes on asking), "out" that the person is not signed in any more. `took` is
 * called with every push and every RESYNC, which comes before "live" where a position cannot be resumed.
 */
export class Link {
  /** Local time of the last sign of life: until then all that was pushed has come. */
  heardAt = Date.now();
  #channel; #position; #took; #told; #clock;
  #life = new AbortController();
  #socket = null; #trying = false; #timer = 0; #pinger = 0; #verdict = 0;
  #failures = 0; #hint = null;

  constructor({ channel, position, took, told, clock }) {
    this.#channel = channel;
    this.#position = position;
    this.#took = took;
    this.#told = told;
    this.#clock = clock;
    const { signal } = this.#life;
    addEventListener("online", () => this.#look(), { signal });
    addEventListener("offline", () => this.#drop(), { signal });
    addEventListener("pageshow", ({ persisted }) => persisted && this.#begin(), { signal });
    document.addEventListener("visibilitychange", () => document.hidden || this.#look(), { signal });
    onWake(() => this.#begin(), signal);
  }

  async start() {
    clearTimeout(this.#timer);
    if (this.#isOver || this.#trying || this.#socket) return;
    this.#trying = true;
    this.#told({ name: "connecting" });
    try {
      this.#open(await this.#ticket());
    } catch {
      this.#again();
    } finally {
      this.#trying = false;
    }
  }

  stop() {
    this.#life.abort();
    clearTimeout(this.#timer);
    this.#drop();
  }

  get #isOver() {
    return this.#life.signal.aborted;
  }

  async #ticket() {
    const signal = AbortSignal.timeout(PATIENCE); // the line may have died while we slept
    const headers = { Accept: "application/json" };
    const response = await fetch("/api/v1/realtime/ticket", { method: "POST", headers, signal });
    if (response.status === 401) this.#end("out");
    if (!response.ok) throw new Error(`ticket: ${response.status}`);
    return response.json();
  }

  #open({ ticket, url }) {
    if (this.#isOver) return;
    const asked = Date.now();
    const socket = new WebSocket(`${url}?ticket=${encodeURIComponent(ticket)}`);
    this.#socket = socket;
    this.#expectWord();
    socket.onmessage = ({ data }) => socket === this.#socket && this.#heard(JSON.parse(data), asked);
    socket.onclose = ({ code }) => {
      if (socket !== this.#socket) return;
      this.heardAt = Date.now();
      this.#closed(code);
    };
  }

  #heard(frame, asked) {
    const { data } = frame.payload;
    this.heardAt = Date.now();
    this.#calm();
    if (frame.type === "CONNECTED") {
      const served = Date.parse(data.serverTime);
      this.#clock.learn(served, served, asked, Date.now());
      this.#pinger = setInterval(() => this.#ping(), data.pingSeconds * 1000);
      this.#subscribe();
    } else if (frame.type === "SUBSCRIBED") {
      if (data.recovered) this.#told({ name: "live" });
    } else if (frame.type === "RESYNC") {
      this.#took(frame);
      this.#told({ name: "live" });
    } else if (frame.type === "RECONNECT") {
      this.#hint = data.maxJitterMs;
    } else if (frame.type === "ERROR") {
      if (!data.temporary) this.#closed(4501);
      else if (data.message.startsWith(`${this.#channel}: `)) this.#unsubscribed();
    } else if (frame.type === "PONG") {
      this.#failures = 0; // not sooner: a socket that opens and closes at once is no success
    } else {
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
    this.#expectWord();
  }

  #expectWord() {
    this.#verdict ||= setTimeout(() => this.#drop(), PATIENCE);
  }

  #calm() {
    clearTimeout(this.#verdict);
    this.#verdict = 0;
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
    clearTimeout(this.#timer);
    this.#calm();
    if (code >= 4500 && code <= 4999) {
      socket.close();
      this.#end(code === 4504 ? "out" : "off");
    } else {
      this.#again();
    }
  }

  #end(name) {
    this.#life.abort();
    this.#told({ name });
  }

  #again() {
    const wait = this.#hint === null ? backoff(this.#failures) : spread(this.#hint);
    this.#hint = null;
    this.#later(wait, () => this.start());
  }

  #later(wait, work) {
    if (this.#isOver) return;
    this.#failures += 1;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(work, wait);
    this.#told({ name: "waiting", until: Date.now() + wait });
  }

  /** Something says that the network is there, or that somebody looks: no time for long waits. */
  #look() {
    if (this.#socket) {
      this.#ping();
    } else if (!this.#trying) {
      this.#failures = 0;
      this.#later(backoff(0), () => this.start()); // a whole building may have come back with us
    }
  }

  /** We were away. What was a socket then is none now, whatever the browser believes. */
  #begin() {
    this.#failures = 0;
    if (this.#socket) this.#drop();
    else this.#look();
  }
}
