/** When to try again, so that a campus of dashboards does not come back in the same second. */

const LEAST = 500;
const MOST = 20_000;

/** Milliseconds to wait before the try after `failures` failed ones: full jitter between 0.5 and 20 s. */
export function backoff(failures, random = Math.random()) {
  const ceiling = Math.min(MOST, LEAST * 2 ** (failures + 1));
  return LEAST + random * (ceiling - LEAST);
}

/** The first try after the server said that it closes: within the time it asked us to spread over. */
export function spread(maxJitterMs, random = Math.random()) {
  return random * maxJitterMs;
}
