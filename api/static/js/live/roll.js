/** The full roll on the live page: found by name, marked by one key, undone by another.
 *
 * A mark shows at once and is taken back visibly if the server refuses it (marking.js).
 */

import { fill } from "../texts.js";
import { Marking } from "./marking.js";

const STATUSES = ["present", "late", "absent", "excused"];

class SessionRoll extends HTMLElement {
  #students = null; #marks = null; #rows = new Map();

  connectedCallback() {
    this.marking = new Marking(this.dataset.session, (id) => this.#draw(id));
    this.list = this.#part("list");
    this.#part("find").addEventListener("input", () => this.#filter());
    this.#part("find").addEventListener("keydown", (event) => this.#enter(event));
    this.#part("only").addEventListener("change", () => this.#filter());
    this.#part("undo").addEventListener("click", () => this.#undo());
    this.#part("rest").addEventListener("click", () => this.#part("ask").showModal());
    this.#part("ask").addEventListener("close", ({ target }) => target.returnValue && this.#rest());
    this.list.addEventListener("keydown", (event) => this.#key(event));
    this.list.addEventListener("focusin", ({ target }) => this.#rove(target.closest("[data-student]")));
    this.list.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#mark(event.target.closest("[data-student]").dataset.student, event.submitter.value);
    });
  }

  /** `roll` as in the state of the page; null until the first snapshot that has one. */
  show(roll) {
    if (!roll || roll.marks === this.#marks) return;
    this.#marks = roll.marks;
    this.marking.follow(roll.marks);
    if (this.#ids(roll.students) !== this.#ids(this.#students)) this.#build(roll.students);
    for (const id of this.#rows.keys()) this.#draw(id);
    this.#filter();
  }

  #part(name) {
    return this.querySelector(`[data-part=${name}]`);
  }

  #ids(students) {
    return students?.map(({ id }) => id).join();
  }

  #build(students) {
    this.#students = students;
    const row = this.querySelector("template[data-row]").content.firstElementChild;
    this.#rows = new Map(students.map((student) => [student.id, this.#row(row.cloneNode(true), student)]));
    this.list.replaceChildren(...this.#rows.values());
    this.#part("plain").hidden = true;
    this.#part("tools").hidden = this.#part("hint").hidden = false;
  }

  #row(row, { id, name, number }) {
    row.dataset.student = id;
    row.tabIndex = -1;
    row.querySelector("[data-slot=name]").textContent = name;
    row.querySelector("[data-slot=number]").textContent = number;
    for (const place of row.querySelectorAll("[data-slot=who]")) place.textContent = name;
    for (const button of row.querySelectorAll("button")) button.tabIndex = -1; // one stop for the list; keys do the rest
    row.find = `${name} ${number}`.toLowerCase();
    return row;
  }

  #draw(id) {
    const row = this.#rows.get(id);
    const mark = this.marking.markOf(id);
    const drawn = `${mark?.status} ${mark?.source}`;
    row.classList.toggle("roll__row--waits", this.marking.waits(id));
    this.#part("undo").disabled = !this.marking.canUndo;
    if (row.drawn === drawn) return;
    row.drawn = drawn;
    row.querySelector("[data-slot=chip]").replaceChildren(this.#copy("chip", mark?.status ?? "unmarked"));
    row.querySelector("[data-slot=source]").replaceChildren(...(mark ? [this.#copy("source", mark.source)] : []));
    for (const button of row.querySelectorAll("button")) button.ariaPressed = String(button.value === mark?.status);
  }

  #copy(kind, name) {
    return this.querySelector(`template[data-${kind}="${name}"]`).content.cloneNode(true);
  }

  /** Who has the focus stays where it is, also when "only not marked" no longer holds for them. */
  #filter() {
    const wanted = this.#part("find").value.trim().toLowerCase();
    const only = this.#part("only").checked;
    const shown = [...this.#rows].filter(([id, row]) => {
      const fits = row.find.includes(wanted) && !(only && this.marking.markOf(id));
      row.hidden = !fits && row !== document.activeElement;
      return !row.hidden;
    });
    this.#part("shown").textContent = fill(this.dataset.shown, { shown: shown.length, all: this.#rows.size });
    if (!this.list.querySelector("[tabindex='0']:not([hidden])")) this.#rove(shown[0]?.[1]);
  }

  #rove(row) {
    if (!row) return;
    for (const other of this.list.querySelectorAll("[tabindex='0']")) other.tabIndex = -1;
    row.tabIndex = 0;
  }

  #enter(event) {
    if (event.key !== "Enter" && event.key !== "ArrowDown") return;
    event.preventDefault();
    this.list.querySelector("[data-student]:not([hidden])")?.focus();
  }

  #key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const row = event.target.closest("[data-student]");
    const place = [...this.dataset.keys.toLowerCase()].indexOf(event.key.toLowerCase());
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (place < 0 && !step) return;
    event.preventDefault();
    if (step) this.#go(row, step);
    else if (place === STATUSES.length) this.#undo();
    else {
      this.#mark(row.dataset.student, STATUSES[place]);
      this.#go(row, 1); // the next name, as a roll is called
    }
  }

  #go(row, step) {
    const rows = [...this.list.children].filter((other) => !other.hidden);
    rows[rows.indexOf(row) + step]?.focus();
  }

  async #mark(id, status) {
    const now = this.marking.markOf(id);
    if (now?.status === status && now.source !== "system_default") return;
    this.#quiet(id);
    this.#told(id, await this.marking.mark(id, status), this.dataset.marked);
  }

  async #undo() {
    const undone = await this.marking.undo();
    if (!undone) {
      this.#part("told").textContent = this.dataset.nothing;
      return;
    }
    this.#told(undone.id, undone.saved, this.dataset.undone);
    this.#rows.get(undone.id).focus();
  }

  async #rest() {
    const saved = await this.marking.rest();
    if (saved) this.#part("told").textContent = this.dataset.rest;
    else this.#alert(this.dataset.restFailed);
  }

  #told(id, saved, text) {
    const row = this.#rows.get(id);
    const name = row.querySelector("[data-slot=name]").textContent;
    const status = row.querySelector("[data-slot=chip]").textContent.trim();
    row.classList.toggle("roll__row--failed", !saved);
    if (saved) this.#part("told").textContent = fill(text, { name, status });
    else this.#alert(fill(navigator.onLine ? this.dataset.failed : this.dataset.offline, { name }));
  }

  #alert(text) {
    this.#part("alert").querySelector("span").textContent = text;
    this.#part("alert").hidden = false;
  }

  #quiet(id) {
    this.#part("alert").hidden = true;
    this.#rows.get(id).classList.remove("roll__row--failed");
  }
}

customElements.define("session-roll", SessionRoll);
