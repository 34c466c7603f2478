import { fill, plural } from "../texts.js";

const EVERY = 3000;

/** One polite live region, spoken to at most every 3 s: a screen reader hears "12 more checked in", not 12 names. */
export class Announcer {
  #place; #texts;
  #more = 0; #counts = null; #said = null; #timer = 0;

  constructor(place, texts) {
    this.#place = place;
    this.#texts = texts;
  }

  checkedIn(more, counts) {
    this.#counts = counts;
    if (more > 0) {
      this.#more += more;
      this.#soon();
    }
  }

  say(text) {
    this.#said = text;
    this.#soon();
  }

  #soon() {
    this.#timer ||= setTimeout(() => this.#speak(), EVERY);
  }

  #speak() {
    this.#timer = 0;
    const parts = [];
    if (this.#said) parts.push(this.#said);
    if (this.#more) {
      parts.push(plural(this.#texts, "more", this.#more));
      parts.push(fill(this.#texts.of, { present: this.#counts.presentStudents, total: this.#counts.totalStudents }));
    }
    this.#said = null;
    this.#more = 0;
    this.#place.textContent = parts.join(" ");
  }
}
