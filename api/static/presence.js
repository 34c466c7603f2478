/** presence.js: proves that a person is in a Muster session for as long as a page is open (docs/embedding.md).
 *
 * The proof is a socket on the session's path: the server pings it, the browser answers, hidden or not. Where no socket
 * can be opened it reports connect, heartbeat and disconnect over HTTP, and goes back as soon as one can. One file that
 * needs nothing else, so that any page may load it; tokens are asked for when needed and kept nowhere.
 */
(() => {
  const GAP = 75_000; // the server joins proofs up to this far apart into one stay
  const BEAT = 15_000;
  const PATIENCE = 10_000;
  const TICK = 5000;
  const ASLEEP = 75_000; // a tick this late: the machine slept; browsers slow hidden pages' timers to one a minute
  const SPREAD = 10_000;
  const TRIES = 3; // sockets in a row that did not last, before HTTP takes over
  const SOCKET_AGAIN = 30_000; // and to twice that: how long HTTP goes on before a socket is tried again
  const CLOSED = { 4500: "signed_out", 4501: "forbidden", 4502: "protocol", 4503: "too_many", 4504: "signed_out" };
  const REFUSED = { 401: "signed_out", 403: "forbidden", 404: "forbidden" };
  const OVER = { completed: "ended", cancelled: "cancelled" };
  const script = document.currentScript;
  const HOME = script ? new URL("..", script.src).href : location.origin;

  class Refusal extends Error {}

  /** Full jitter between 0.5 and 20 s, so that a campus does not come back in the same second. */
  const backoff = (failures) => 500 + Math.random() * (Math.min(20_000, 500 * 2 ** failures) - 500);

  /** What a page of somebody else's promises, if it comes: one that hangs must not end all tries. */
  const within = (promise) =>
    Promise.race([promise, new Promise((_, reject) => setTimeout(() => reject(new Error("no answer")), PATIENCE))]);

  class Presence extends EventTarget {
    /** What is so now: {name, since?, until?, reason?}; told by "state" events. */
    state = { name: "connecting" };
    #session; #server; #token; #givenTicket; #userType;
    #life = new AbortController(); #timers = {}; #failures = 0; #hint = null;
    #socket = null; #trying = false; #open = false; #followed = false; #position = {}; #known = false;
    #beating = false; #entered = false; #kept = null;
    #kind = null; #acted = new Map(); #since = 0; #proof = -Infinity; #ticked = Date.now();

    constructor({ session, server = HOME, token, ticket, userType = "student" }) {
      super();
      this.#session = session;
      this.#server = server.replace(/\/$/, "");
      this.#token = token;
      this.#givenTicket = ticket;
      this.#userType = userType;
      const { signal } = this.#life;
      addEventListener("online", () => this.#hurry(), { signal });
      addEventListener("offline", () => this.#drop(), { signal });
      addEventListener("pageshow", ({ persisted }) => persisted && this.#woke(), { signal });
      addEventListener("pagehide", () => this.#goodbye(), { signal });
      document.addEventListener("visibilitychange", () => (document.hidden ? this.#keepTicket() : this.#hurry()), { signal });
      this.#timers.tick = setInterval(() => this.#tick(), TICK);
      queueMicrotask(() => this.#try()); // after whoever made this has begun to listen
    }

    /** The person did something ("draw", "chat", …): evidence of interacting, beside being connected. */
    activity(kind) {
      const second = Math.floor(Date.now() / 1000);
      if (!this.#open) this.#kind = kind;
      else if (this.#acted.get(kind) !== second) this.#send({ type: "ACTIVITY", sessionId: this.#session, activity: kind });
      this.#acted.set(kind, second);
    }

    /** The person leaves. Nothing is sent any more; Muster.presence() begins anew. */
    stop(reason = "left") {
      if (this.#life.signal.aborted) return;
      this.#life.abort();
      Object.values(this.#timers).forEach(clearTimeout);
      if (this.#entered && reason === "left") this.#report("disconnect").catch(() => {});
      this.#socket?.close(1000);
      this.#socket = null;
      this.#beating = false;
      this.#say({ name: "stopped", reason });
    }

    async #try() {
      if (this.#socket || this.#trying) return;
      this.#trying = true;
      if (!this.#beating) this.#say({ name: "connecting" });
      try {
        this.#connect(await this.#ticket());
      } catch (error) {
        this.#failed(error, () => this.#again(error instanceof TypeError));
      } finally {
        this.#trying = false;
      }
    }

    #connect({ ticket, url }) {
      if (this.#life.signal.aborted) return;
      const socket = new WebSocket(`${url}/sessions/${this.#session}?ticket=${encodeURIComponent(ticket)}`);
      this.#socket = socket;
      this.#later("verdict", PATIENCE, () => this.#drop());
      socket.onmessage = ({ data }) => socket === this.#socket && this.#heard(JSON.parse(data));
      socket.onclose = ({ code }) => socket === this.#socket && this.#closed(code);
    }

    #heard({ type, payload: { data, timestamp, version, epoch } }) {
      clearTimeout(this.#timers.verdict);
      if (version !== undefined) this.#position = { version, epoch };
      if (type === "CONNECTED") this.#connected(data);
      else if (type === "PONG") this.#answered(timestamp);
      else if (type === "SUBSCRIBED") this.#subscribed(data);
      else if (type === "SESSION_STATUS") this.#became(data.newStatus);
      else if (type === "CALL") this.dispatchEvent(new CustomEvent("call", { detail: data }));
      else if (type === "RESYNC") this.#later("look", Math.random() * SPREAD, () => this.#missed()); // all were told at once
      else if (type === "RECONNECT") this.#hint = data.maxJitterMs;
      else if (type === "ERROR" && data.temporary) this.#followed = false;
    }

    #connected({ serverTime, pingSeconds }) {
      clearTimeout(this.#timers.beat);
      [this.#open, this.#beating, this.#entered] = [true, false, false];
      this.#kind = null;
      this.#say({ name: "connected", since: this.#proven(serverTime) });
      this.#timers.ping = setInterval(() => this.#ping(), pingSeconds * 1000);
      this.#follow();
      if (!this.#known) this.#look(); // later changes are pushed, also those missed meanwhile
    }

    /** The channel tells when the session starts and ends. */
    #follow() {
      this.#send({ type: "SUBSCRIBE", channel: `attendance_updates_${this.#session}`, ...this.#position });
    }

    /** Not sooner: a socket that opens and closes at once is no success. */
    #answered(timestamp) {
      this.#failures = 0;
      this.#proven(timestamp);
    }

    /** Where what was missed is still to come, it moves the position itself: this socket may not live to bring it. */
    #subscribed({ version, epoch, recovered }) {
      this.#followed = true;
      if (!recovered) this.#position = { version, epoch };
    }

    /** A cable that was pulled closes nothing: ask, and take silence for an answer. */
    #ping() {
      if (!this.#open) return;
      this.#send({ type: "PING" });
      if (!this.#followed) this.#follow();
      this.#later("verdict", PATIENCE, () => this.#drop());
    }

    /** Timers stand still while a machine sleeps. The gateway has given up by then, and nobody told us. */
    #tick() {
      const late = Date.now() - this.#ticked - TICK;
      this.#ticked = Date.now();
      if (late > ASLEEP) this.#woke();
    }

    #woke() {
      this.#failures = 0;
      this.#drop();
      this.#hurry();
    }

    #send(frame) {
      if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(frame));
    }

    #drop() {
      this.#socket?.close();
      if (this.#socket) this.#closed(1006);
    }

    #closed(code) {
      this.#socket = null;
      this.#open = this.#followed = false;
      clearTimeout(this.#timers.ping);
      clearTimeout(this.#timers.verdict);
      if (code >= 4500 && code <= 4999) this.stop(CLOSED[code] ?? "refused");
      else this.#again(!navigator.onLine);
    }

    #again(lost) {
      this.#failures += 1;
      const usual = this.#beating ? SOCKET_AGAIN * (1 + Math.random()) : backoff(this.#failures);
      const wait = this.#hint === null ? usual : Math.random() * this.#hint;
      this.#hint = null;
      this.#wait(wait, lost);
      if (this.#failures < TRIES || this.#beating || this.#givenTicket) return; // a ticket opens a socket, nothing else
      this.#beating = true;
      this.#beat();
    }

    #wait(time, lost) {
      if (!this.#beating) this.#say({ name: lost ? "offline" : "connecting", until: new Date(Date.now() + time) });
      this.#later("again", time, () => this.#try());
    }

    /** Something says that the network is there, or that somebody looks. A whole building may have come back with us. */
    #hurry() {
      this.#ping();
      if (this.#beating) this.#beat();
      if (!this.#socket && !this.#trying) this.#wait(backoff(1), false);
    }

    async #beat() {
      const kind = this.#kind;
      try {
        const response = await this.#report(this.#entered ? "heartbeat" : "connect", kind);
        if (!this.#beating) return; // a socket has opened meanwhile
        if (response.status === 409) await this.#look();
        else if (!response.ok) throw new Error(`report: ${response.status}`);
        else this.#accepted(await response.json(), kind);
      } catch (error) {
        this.#failed(error, () => this.#beating && this.#say({ name: "offline" }));
      }
      if (this.#beating) this.#later("beat", BEAT, () => this.#beat());
    }

    #accepted({ timestamp }, kind) {
      if (this.#entered && this.#kind === kind) this.#kind = null;
      this.#entered = true;
      this.#say({ name: "fallback", since: this.#proven(timestamp) });
      this.#keepTicket();
    }

    #report(event, kind) {
      const activity = event === "heartbeat" && kind ? { activity_type: kind } : {};
      const body = { session_id: this.#session, user_type: this.#userType, ...activity };
      return this.#call(`/api/whiteboard/sessions/${this.#session}/${event}`, "POST", body);
    }

    /** For the goodbye of a closing page, which can wait for nothing any more. A closing socket says it by itself. */
    async #keepTicket() {
      if (this.#entered) this.#kept = (await this.#ticket().catch(() => null))?.ticket ?? null;
    }

    #goodbye() {
      if (!this.#entered || !this.#kept) return;
      const path = `/api/whiteboard/sessions/${this.#session}/disconnect?ticket=${encodeURIComponent(this.#kept)}`;
      [this.#kept, this.#entered] = [null, false];
      navigator.sendBeacon(this.#server + path);
    }

    async #ticket() {
      if (this.#givenTicket) return within(this.#givenTicket());
      const response = await this.#call("/api/v1/realtime/ticket", "POST");
      if (!response.ok) throw new Error(`ticket: ${response.status}`);
      return response.json();
    }

    async #call(path, method, body) {
      const headers = body ? { "Content-Type": "application/json" } : {};
      if (this.#token) headers.Authorization = `Bearer ${await within(this.#token())}`;
      const credentials = this.#token ? "omit" : "same-origin";
      const signal = AbortSignal.timeout(PATIENCE);
      const options = { method, headers, body: body && JSON.stringify(body), credentials, signal, cache: "no-store" };
      const response = await fetch(this.#server + path, options);
      if (response.status in REFUSED) throw new Refusal(REFUSED[response.status]);
      return response;
    }

    /** Something was pushed that will not come again. */
    #missed() {
      this.dispatchEvent(new CustomEvent("missed"));
      this.#look();
    }

    /** Ask how the session stands; without an answer it is asked again when it matters again. */
    async #look() {
      if (this.#givenTicket) return;
      try {
        const response = await this.#call(`/api/v1/sessions/${this.#session}`, "GET");
        if (response.ok) this.#became((await response.json()).status);
      } catch (error) {
        this.#failed(error, () => {});
      }
    }

    #became(status) {
      if (this.#life.signal.aborted) return;
      this.#known = true;
      this.dispatchEvent(new CustomEvent("session", { detail: { status } }));
      if (status in OVER) this.stop(OVER[status]);
    }

    #failed(error, otherwise) {
      if (this.#life.signal.aborted) return;
      if (error instanceof Refusal) this.stop(error.message);
      else otherwise();
    }

    #proven(timestamp) {
      const at = Date.parse(timestamp);
      if (at - this.#proof > GAP) this.#since = at;
      this.#proof = at;
      return new Date(this.#since);
    }

    #say(state) {
      this.state = state;
      this.dispatchEvent(new CustomEvent("state", { detail: state }));
    }

    #later(name, wait, work) {
      clearTimeout(this.#timers[name]);
      if (!this.#life.signal.aborted) this.#timers[name] = setTimeout(work, wait);
    }
  }

  globalThis.Muster = { ...globalThis.Muster, presence: (options) => new Presence(options) };
  if (script?.dataset.session) {
    const { session, userType, tokenFrom } = script.dataset;
    globalThis.Muster.here = new Presence({ session, userType, token: tokenFrom && (() => globalThis[tokenFrom]()) });
  }
})();
