/** The chart over the table: bars for check-ins, a line for who is connected, both in students. */

import { clockFormat } from "../clock.js";

const EVERY = 30_000;
const SVG = "http://www.w3.org/2000/svg";
const HIGH = 100;

class AttendanceTimeline extends HTMLElement {
  connectedCallback() {
    this.format = clockFormat(this.dataset.timeZone);
    this.#draw([...this.querySelectorAll("tbody tr")].map((row) => ({
      start: row.dataset.at,
      checkIns: Number(row.querySelector("[data-slot=checkIns]").textContent),
      connected: Number(row.querySelector("[data-slot=connected]").textContent),
    })));
    if ("running" in this.dataset) this.timer = setInterval(() => document.hidden || this.#renew(), EVERY);
  }

  disconnectedCallback() {
    clearInterval(this.timer);
  }

  async #renew() {
    const { session, seconds } = this.dataset;
    const signal = AbortSignal.timeout(EVERY);
    try {
      const response = await fetch(`/api/v1/sessions/${session}/timeline?bucket=${seconds}`, { cache: "no-store", signal });
      if (!response.ok) return; // the pill says what is wrong; this shows what it knew
      const { buckets } = await response.json();
      this.#list(buckets);
      this.#draw(buckets);
    } catch {
      // asked again soon
    }
  }

  #list(buckets) {
    const template = this.querySelector("[data-part=row]");
    const rows = buckets.map((bucket) => {
      const row = template.content.firstElementChild.cloneNode(true);
      row.dataset.at = bucket.start;
      const put = (slot, text) => { row.querySelector(`[data-slot=${slot}]`).textContent = text; };
      put("start", this.format(bucket.start));
      put("checkIns", bucket.checkIns);
      put("connected", bucket.connected);
      return row;
    });
    this.querySelector("tbody").replaceChildren(...rows);
  }

  #draw(buckets) {
    const most = Math.max(1, ...buckets.flatMap((bucket) => [bucket.checkIns, bucket.connected]));
    const height = (students) => (HIGH * students) / most;
    const svg = element("svg", { viewBox: `0 0 ${buckets.length} ${HIGH}`, preserveAspectRatio: "none", "aria-hidden": "true" });
    const bars = element("g", { class: "timeline__bars" });
    buckets.forEach(({ checkIns }, place) => {
      const tall = height(checkIns);
      if (checkIns) bars.append(element("rect", { x: place + 0.1, y: HIGH - tall, width: 0.8, height: tall }));
    });
    svg.append(bars);
    if (buckets.some((bucket) => bucket.connected)) {
      const points = buckets.map(({ connected }, place) => `${place + 0.5},${(HIGH - height(connected)).toFixed(2)}`);
      svg.append(element("polyline", { class: "timeline__line", points: points.join(" ") }));
    }
    const label = document.createElement("span");
    label.className = "timeline__most";
    label.textContent = String(most);
    this.#part("chart").replaceChildren(svg, label);
    this.#label(buckets);
    for (const part of ["chart", "axis"]) this.#part(part).hidden = false;
  }

  #label(buckets) {
    const [first, middle, last] = this.#part("axis").children;
    first.textContent = this.format(buckets[0].start);
    middle.textContent = buckets.length > 2 ? this.format(buckets[Math.floor(buckets.length / 2)].start) : "";
    last.textContent = buckets.length > 1 ? this.format(buckets.at(-1).start) : "";
  }

  #part(name) {
    return this.querySelector(`[data-part=${name}]`);
  }
}

function element(name, attributes) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}

customElements.define("attendance-timeline", AttendanceTimeline);
