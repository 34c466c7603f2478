/** An existing front end's connection tracking, as it was before there was presence.js: timers, fetch, a bearer token. */
class WhiteboardTracking {
  constructor(api, sessionId, token, userType) {
    Object.assign(this, { api, sessionId, token, userType, answers: [] });
  }

  async request(method, path, body) {
    const response = await fetch(`${this.api}${path}`, {
      method,
      headers: { Authorization: `Bearer ${this.token}`, "Content-Type": "application/json" },
      body: body && JSON.stringify(body),
    });
    return { status: response.status, body: await response.json() };
  }

  async track(event, more = {}) {
    const body = { session_id: this.sessionId, user_type: this.userType, ...more };
    const answer = await this.request("POST", `/api/whiteboard/sessions/${this.sessionId}/${event}`, body);
    this.answers.push([event, answer.status]);
    return answer;
  }

  async start() {
    await this.track("connect");
    this.timer = setInterval(() => this.track("heartbeat", { activity_type: "draw" }), 15_000);
  }

  async stop() {
    clearInterval(this.timer);
    await this.track("disconnect");
  }

  status() {
    return this.request("GET", `/api/whiteboard/sessions/${this.sessionId}/connection-status`);
  }

  suggestion() {
    return this.request("GET", `/api/tutor/sessions/${this.sessionId}/attendance-suggestion`);
  }

  decide(body) {
    return this.request("PUT", `/api/tutor/sessions/${this.sessionId}/attendance`, body);
  }
}

window.WhiteboardTracking = WhiteboardTracking;
