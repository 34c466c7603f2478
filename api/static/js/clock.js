/** Server time, worked out from its answers: the clocks of phones and laptops lie.
 *
 * Every answer says: the server's time was in [from, to] somewhere between asking and hearing. Each one therefore
 * bounds the offset on both sides, and the bounds of all of them together close in on it within a few answers.
 */
export class ServerClock {
  #low = -Infinity;
  #high = Infinity;

  /** All four in milliseconds; `asked` and `heard` by the local clock. */
  learn(from, to, asked, heard) {
    const low = from - heard;
    const high = to - asked;
    // Bounds that contradict the earlier ones mean that the local clock was set, or the machine slept: start anew.
    const agree = low <= this.#high && high >= this.#low;
    this.#low = agree ? Math.max(low, this.#low) : low;
    this.#high = agree ? Math.min(high, this.#high) : high;
  }

  /** The Date header is cut to whole seconds. */
  learnFrom(response, asked, heard = Date.now()) {
    const cut = Date.parse(response.headers.get("date") ?? "");
    if (!Number.isNaN(cut)) this.learn(cut, cut + 999, asked, heard);
  }

  /** Server time now, in milliseconds; local time before anything was learnt. */
  now() {
    return Date.now() + (Number.isFinite(this.#low) ? (this.#low + this.#high) / 2 : 0);
  }
}

/** Formats a moment as campus time, e.g. "09:02". */
export function clockFormat(timeZone) {
  const format = new Intl.DateTimeFormat(document.documentElement.lang, {
    hour: "2-digit", minute: "2-digit", hourCycle: "h23", timeZone,
  });
  return (moment) => format.format(typeof moment === "string" ? Date.parse(moment) : moment);
}
