import { clockFormat } from "../clock.js";

/** Recent check-ins, newest first. Rows that stay are moved, not remade, so that only new ones are animated. */
class RecentCheckins extends HTMLElement {
  show(entries, timeZone) {
    this.format ??= clockFormat(timeZone);
    const list = this.querySelector("[data-part=list]");
    const rows = new Map([...list.children].map((row) => [row.dataset.student, row]));
    const wanted = entries.map((entry) => this.#row(rows.get(entry.studentId), entry));
    wanted.forEach((row, place) => {
      if (list.children[place] !== row) list.insertBefore(row, list.children[place] ?? null);
    });
    while (list.children.length > wanted.length) list.lastElementChild.remove();
    this.querySelector("[data-part=empty]").hidden = wanted.length > 0;
  }

  #row(old, entry) {
    if (old && old.dataset.status === entry.status) return old;
    old?.remove();
    const template = this.querySelector(`template[data-status="${entry.status}"]`);
    const row = template.content.firstElementChild.cloneNode(true);
    row.dataset.student = entry.studentId;
    row.classList.add("is-new");
    const put = (slot, text) => { row.querySelector(`[data-slot=${slot}]`).textContent = text; };
    put("name", entry.studentName);
    put("number", entry.studentNumber);
    put("time", this.format(entry.timestamp));
    row.querySelector("time").dateTime = entry.timestamp;
    return row;
  }
}

customElements.define("recent-checkins", RecentCheckins);
