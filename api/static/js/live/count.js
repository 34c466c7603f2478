/** The counter ring and the tally beside it. */
class AttendanceCount extends HTMLElement {
  /** `counts` as in a snapshot; presentStudents includes the late ones. */
  show(counts) {
    const onTime = counts.presentStudents - counts.lateStudents;
    const values = { ...counts, onTime };
    for (const place of this.querySelectorAll("[data-count]")) {
      const value = String(values[place.dataset.count]);
      if (place.textContent !== value) place.textContent = value;
    }
    this.#arc("arc-late", counts.presentStudents, counts.totalStudents);
    this.#arc("arc-present", onTime, counts.totalStudents);
  }

  #arc(part, count, total) {
    const share = total > 0 ? Math.min(100, (100 * count) / total) : 0;
    this.querySelector(`[data-part=${part}]`).setAttribute("stroke-dasharray", `${share.toFixed(2)} 200`);
  }
}

customElements.define("attendance-count", AttendanceCount);
