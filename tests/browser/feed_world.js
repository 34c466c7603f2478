/** A channel, its gateway and its API in the browser, and a Feed that follows them: what a seed lets happen, in order.
 *
 * Nothing moves by itself: a frame arrives, a snapshot is read and its answer comes only when an event says so.
 */
async ([events]) => {
  const { Feed } = await import("/static/js/live/feed.js");
  const pauses = [];
  const usual = globalThis.setTimeout;
  globalThis.setTimeout = (work) => pauses.push(work); // of the feed, between tries
  const settle = async () => { for (let n = 0; n < 30; n++) await null; }; // all that follows from an event has happened

  let [epoch, version, present] = ["e0", 0, 0];
  let history = [], line = null, asked = [];
  const truths = new Map(), problems = [];
  const remember = () => truths.set(`${epoch} ${version}`, present);
  const snapshot = () => ({ sessionId: "s", version, epoch, status: "active", presentStudents: present, recentCheckins: [] });
  const push = () => {
    [version, present] = [version + 1, present + 1];
    remember();
    const payload = { sessionId: "s", version, epoch, data: { presentStudents: present } };
    history.push({ type: "STATS_UPDATE", payload });
    line?.push(history.at(-1));
  };
  const resync = () => ({ type: "RESYNC", payload: { data: {} } });
  const ask = () => new Promise((resolve, reject) => asked.push({ resolve, reject, read: null }));

  remember();
  const feed = new Feed(snapshot(), ask, (now, before) => {
    const truth = truths.get(`${now.epoch} ${now.version}`);
    if (truth !== now.counts.presentStudents) problems.push(`${now.epoch} ${now.version} shown as ${now.counts.presentStudents}`);
    if (now.epoch === before.epoch && now.version < before.version) problems.push(`back from ${before.version} to ${now.version}`);
  });
  const connect = () => {
    const { version: from, epoch: known } = feed.state;
    const missed = history.filter((frame) => frame.payload.version > from);
    const isWhole = known === epoch && from <= version && missed.length === version - from;
    line = isWhole ? missed : [resync()];
  };
  const happen = {
    push,
    storm: () => { for (let n = 0; n < 5; n++) push(); },
    arrive: () => line?.length && feed.take(line.shift()),
    twice: () => line?.length && (feed.take(line[0]), feed.take(line.shift())),
    lose: () => { if (line?.length > 1) line.splice(0, 1); }, // a frame that never comes; another one follows
    cut: () => { line = null; },
    connect: () => line ?? connect(),
    forget: () => { history = []; },
    reset: () => { // Redis was emptied: whoever is there is told
      [epoch, version, history] = [`e${Number(epoch.slice(1)) + 1}`, 0, []];
      remember();
      if (line) line.push(resync());
    },
    poll: () => void feed.refresh(),
    read: () => { for (const each of asked) each.read ??= snapshot(); },
    answer: () => { const each = asked.shift(); each?.resolve(each.read ?? snapshot()); },
    fail: () => asked.shift()?.reject(new Error("away")),
    wait: () => pauses.shift()?.(),
  };
  for (const event of events) {
    happen[event]();
    await settle();
  }
  happen.connect();
  for (let n = 0; n < 500 && (line.length || asked.length || feed.state.behind); n++) {
    for (const event of ["arrive", "answer", "wait"]) happen[event]();
    await settle();
  }
  const { behind, counts } = feed.state;
  const fresh = { version, epoch, present };
  const shown = { version: feed.state.version, epoch: feed.state.epoch, present: counts.presentStudents };
  if (behind || JSON.stringify(shown) !== JSON.stringify(fresh)) problems.push(`${JSON.stringify(shown)} instead of ${JSON.stringify(fresh)}`);
  globalThis.setTimeout = usual;
  return problems;
}
