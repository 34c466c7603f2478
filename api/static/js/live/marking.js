/** Marks of one's own: laid over the truth until they are part of it, sent one after the other, undone in reverse. */

const PATIENCE = 10_000;

export class Marking {
  #session; #changed;
  #truth = {}; #laid = new Map(); #done = []; #queue = Promise.resolve();

  /** `changed(id)` is called when the mark of a student is to be drawn again. */
  constructor(session, changed) {
    this.#session = session;
    this.#changed = changed;
  }

  /** The marks as the page's state has them. What was saved and is part of it now need not be laid over it any more. */
  follow(marks) {
    this.#truth = marks;
    for (const [id, laid] of this.#laid) {
      if (laid.saved && marks[id] !== laid.over) this.#laid.delete(id);
    }
  }

  /** {status, source}, or null without a mark. */
  markOf(id) {
    return this.#laid.has(id) ? this.#laid.get(id).mark : (this.#truth[id] ?? null);
  }

  /** Whether what is shown is not saved yet. */
  waits(id) {
    return this.#laid.has(id) && !this.#laid.get(id).saved;
  }

  get canUndo() {
    return this.#done.length > 0;
  }

  /** Resolves to whether it is saved. */
  async mark(id, status) {
    const step = { id, before: this.markOf(id), record: null };
    this.#done.push(step);
    const forget = () => { this.#done = this.#done.filter((other) => other !== step); };
    const write = async () => { step.record = await this.#post(id, status); };
    return this.#save(id, { status, source: "manual" }, write, forget);
  }

  /** Undoes the last mark: sets what was before, or takes the mark away. Resolves to {id, saved}, or null. */
  async undo() {
    const step = this.#done.pop();
    if (!step) return null;
    const { id, before } = step;
    const mark = before && { status: before.status, source: "manual" };
    const write = () => {
      if (before) return this.#post(id, before.status);
      return step.record && this.#ask("DELETE", `/api/attendance/${step.record}/`);
    };
    return { id, saved: await this.#save(id, mark, write, () => this.#done.push(step)) };
  }

  /** Everybody without a mark becomes absent by default; resolves to whether it is saved. */
  async rest() {
    const body = { session_id: this.#session, default_status: "ABSENT" };
    return this.#ask("POST", "/api/attendance/bulk-mark/", body).then(() => true, () => false);
  }

  /** Resolves to whether it is saved; otherwise `failed` is called and what was beneath shows again. */
  async #save(id, mark, write, failed) {
    const beneath = this.#laid.get(id);
    const laid = { mark, over: this.#truth[id], saved: false };
    this.#laid.set(id, laid);
    this.#changed(id);
    const turn = this.#queue.then(write); // one after the other: the last key pressed is the last one written
    this.#queue = turn.catch(() => {});
    try {
      await turn;
      laid.saved = true;
      if (this.#laid.get(id) === laid && this.#truth[id] !== laid.over) this.#laid.delete(id); // told already
    } catch {
      failed();
      if (this.#laid.get(id) === laid) this.#fallBack(id, beneath);
    }
    this.#changed(id);
    return laid.saved;
  }

  #fallBack(id, beneath) {
    if (beneath) this.#laid.set(id, beneath);
    else this.#laid.delete(id);
  }

  async #post(id, status) {
    const records = [{ student_id: id, status: status.toUpperCase() }];
    const answer = await this.#ask("POST", "/api/attendance/mark/", { session_id: this.#session, records });
    return answer.attendance_records[0].id;
  }

  async #ask(method, url, body) {
    const headers = body ? { "Content-Type": "application/json" } : {};
    const signal = AbortSignal.timeout(PATIENCE);
    const response = await fetch(url, { method, headers, body: body && JSON.stringify(body), signal });
    if (!response.ok) throw new Error(`mark: ${response.status}`);
    return response.status === 204 ? null : response.json();
  }
}
