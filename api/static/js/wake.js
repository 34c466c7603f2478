/** Notices that a page did not run for a while: a closed laptop, a frozen tab.
 *
 * Timers stand still meanwhile and the wall clock does not. Nobody tells a page that its socket died in its sleep.
 */

const TICK = 2000;
const LATE = 15_000; // longer than any work of ours holds a timer up
const LATE_IN_HIDING = 75_000; // browsers slow hidden pages' timers to one a minute

/** Calls `woken` after such a while, until `signal` says that it is enough. */
export function onWake(woken, signal) {
  let due = Date.now() + TICK;
  let wasHidden = document.hidden;
  const timer = setInterval(() => {
    const late = Date.now() - due;
    const slept = late > (wasHidden || document.hidden ? LATE_IN_HIDING : LATE);
    due = Date.now() + TICK;
    wasHidden = document.hidden;
    if (slept) woken();
  }, TICK);
  signal.addEventListener("abort", () => clearInterval(timer));
}
