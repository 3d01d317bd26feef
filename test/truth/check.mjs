// Holds a report (`page-holders report --format json`) against the known truth of a capture: what truly held each
// page, from the workload's own record. One problem a line; SCORE counts what was asked and what was found.
const KINDS = new Set('pipe-buffer gup-pin gup-get lru-batch page-table isolation page-cache page-cache-lookup swap-cache private-data buffer-head direct-io io-uring socket writeback read driver allocation unknown'.split(' '));
const ROLES = new Set(['held', 'temporary', 'expected', 'earlier']);
const SOURCES = new Set(['report', 'freeze', 'isolation', 'cma', 'memory-failure', 'derived']);
const REASONS = new Set(['compaction', 'memory_failure', 'memory_hotplug', 'syscall_or_cpuset', 'mempolicy_mbind', 'numa_misplaced', 'contig_range', 'longterm_pin', 'demotion']);
const ACCOUNTED = new Set(['page-table', 'page-cache', 'private-data', 'isolation', 'swap-cache', 'allocation']);
const EVIDENCE = { fin: 'isolation', freeze: 'freeze', 'freeze-reclaim': 'freeze', refused: 'derived', putback: 'derived', untried: 'derived', report: 'report' };

const pn = (x) => (x === null || x === undefined ? NaN : Number(x));
const tn = (x) => (x === null || x === undefined ? null : Number(x));
const sec = (t) => (t === null || t === undefined ? '?' : (t / 1e9).toFixed(6));
const who = (t) => (t ? `${t.comm ?? '?'}-${t.pid ?? '?'}` : '?');

export function check(T, R, opt = {}) {
  const problems = [], notes = [], P = (s) => problems.push(s), N = (s) => notes.push(s);
  const timed = !/tsc/.test(T.clock); // a counter clock: a reader may print ticks or ns, so times are not compared
  const eps = Math.max(T.resolutionNs ?? 1, opt.text ? 1000 : 1);
  const tol = Math.max((opt.toleranceMs ?? 5) * 1e6, eps);
  const score = { found: 0, holds: 0, kinds: 0, kindsOf: 0, rel: 0, relOf: 0, blamed: 0, acc: 0, accOf: 0, marks: 0, marksOf: 0 };
  const done = () => ({ problems, notes, score, line: `SCORE found ${score.found}/${score.holds} kinds ${score.kinds}/${score.kindsOf} releases ${score.rel}/${score.relOf} blamed-wrongly ${score.blamed} accounting ${score.acc}/${score.accOf}` });
  if (!R || R.version !== 1 || !Array.isArray(R.pages) || !Array.isArray(R.captures)) { P('report: not the JSON of version 1 (needs version, captures, pages)'); score.holds = new Set(T.attempts.flatMap((a) => a.blockedBy)).size; return done(); }

  // ---- the shape
  const pages = [];
  for (const p of R.pages) {
    const o = { ...p, n: pn(p.pfn), order: p.order ?? 0, marks: p.marks ?? [], refs: (p.references ?? []).map((r) => ({ ...r, at: tn(r.acquired?.timeNs), rt: tn(r.released?.timeNs) })) };
    if (!(o.n >= 0)) P(`report: page with pfn ${JSON.stringify(p.pfn)}`);
    for (const r of o.refs) {
      if (!KINDS.has(r.kind)) P(`${p.pfn}: unknown kind ${r.kind}`);
      if (!ROLES.has(r.role)) P(`${p.pfn}: unknown role ${r.role}`);
    }
    for (const m of o.marks) if (!SOURCES.has(m.source)) P(`${p.pfn}: unknown mark source ${m.source}`);
    pages.push(o);
  }
  const seenPfn = new Map();
  for (const p of pages) { if (seenPfn.has(p.n)) P(`${p.pfn}: listed twice`); seenPfn.set(p.n, p); }
  const pageOf = (pfn) => { const n = pn(pfn); return seenPfn.get(n) ?? pages.find((p) => n >= p.n && n < p.n + 2 ** p.order); };

  // ---- lost events
  const cap = R.captures[0] ?? {};
  const saysLost = (cap.lost ?? 0) > 0 || (cap.gaps ?? []).length > 0;
  if (T.lost?.events && !saysLost) P('lost events: the capture has lost or overwritten events, the report says nothing of them');
  if (!T.lost?.events && saysLost) P(`lost events: the report says ${cap.lost} lost, ${(cap.gaps ?? []).length} gap(s); the capture has none`);
  if (T.lost?.events && T.lost.count && cap.lost && cap.lost !== T.lost.count) N(`lost events: report ${cap.lost}, truth ${T.lost.count}`);

  // ---- holds
  const required = new Set(T.attempts.flatMap((a) => a.blockedBy));
  const start = (h) => h.acquireEventNs ?? h.heldFromNs ?? (h.fromNs ? h.fromNs[0] : -Infinity);
  const end = (h) => h.releaseEventNs ?? (h.toNs ? h.toNs[1] : Infinity);
  const def = (h, t) => start(h) + eps < t && t < end(h) - eps;
  const maybe = (h, t) => start(h) - eps <= t && t <= end(h) + eps;
  const matched = new Map(), owner = new Map();
  for (const pfn of new Set(T.holds.map((h) => h.pfn))) {
    const page = pageOf(pfn), hs = T.holds.filter((h) => h.pfn === pfn && h.seen);
    if (!page) continue;
    const cand = [];
    for (const h of hs) for (const r of page.refs) {
      let s = 0;
      const kind = h.kinds.includes(r.kind);
      if (kind) s += 8;
      if (ACCOUNTED.has(r.kind) && !kind) continue;
      if (timed && h.fromNs && r.at !== null) {
        if (r.at >= h.fromNs[0] - tol && r.at <= h.fromNs[1] + tol) s += 4; else s -= 6;
        if (h.acquireEventNs !== null && Math.abs(r.at - h.acquireEventNs) <= eps) s += 4;
      } else if (!h.fromNs && r.at === null) s += 2;
      if (timed && h.releaseEventNs !== null && r.rt !== null && Math.abs(r.rt - h.releaseEventNs) <= eps) s += 4;
      else if (timed && h.toNs && r.rt !== null && r.rt >= h.toNs[0] - tol && r.rt <= h.toNs[1] + tol) s += 2;
      else if (!h.toNs && r.rt === null) s += 2;
      if (r.acquired?.task?.pid === h.by.pid) s += 2;
      if (h.releasedBy && r.released?.task?.pid === h.releasedBy.pid) s += 2;
      if (r.role === 'held') s += 1;
      if ((r.weight ?? 1) === h.weight) s += 1;
      if (s >= 6) cand.push([s, h, r]);
    }
    cand.sort((a, b) => b[0] - a[0]);
    for (const [, h, r] of cand) if (!matched.has(h.id) && !owner.has(r)) { matched.set(h.id, r); owner.set(r, h); }
  }
  for (const h of T.holds) {
    if (!h.seen) continue;
    const req = required.has(h.id), r = matched.get(h.id), page = pageOf(h.pfn);
    const name = `${h.kinds[0]} on ${h.pfn} by ${who(h.by)} (${h.id}: ${h.note})`;
    if (req) score.holds++;
    if (!r) {
      if (!req) continue;
      const nameless = T.putOnly && !h.releaseEventNs && page && page.marks.some((m) => (m.untraced ?? 0) >= h.weight);
      if (nameless) { score.found++; continue; } // never put in the capture: only the sum can show it
      if (!page) P(`missed: ${name}: the report has no such page${h.tailPfn && pageOf(h.tailPfn) ? ' (it lists the tail: fold to the head)' : ''}`);
      else P(`missed: ${name}: no reference of that kind and time on the page`);
      continue;
    }
    const shownAt = page.marks.map((m) => tn(m.timeNs)).filter((t) => t !== null);
    if (req) {
      if (r.role === 'held') score.found++;
      else P(`wrong role: ${name} is shown as ${r.role}; it was held when the attempt failed`);
    } else if (timed) {
      if (r.role !== 'held' && shownAt.some((t) => def(h, t))) P(`wrong role: ${name} is shown as ${r.role}, but it was held at a mark of this page`);
      if (r.role === 'held' && !shownAt.some((t) => maybe(h, t))) { P(`wrong role: ${name} is shown as held, but it was not there at any mark of this page`); score.blamed++; }
    }
    if (r.role === 'expected') P(`wrong role: ${name} is shown as expected`);
    if (req) score.kindsOf++;
    if (h.kinds.includes(r.kind)) { if (req) score.kinds++; if (r.kind !== h.kinds[0] && h.kinds[0] !== 'unknown') N(`${name}: kind ${r.kind}, best would be ${h.kinds[0]}`); } else P(`wrong kind: ${name} is shown as ${r.kind}`);
    if ((r.weight ?? 1) !== h.weight && !(T.putOnly && r.weight === undefined)) P(`wrong weight: ${name}: ${r.weight}, truth ${h.weight}`);
    // the get
    if (h.fromNs === null) { if (r.acquired) P(`wrong acquire: ${name}: the capture has no get of it, the report shows one at ${sec(r.at)}`); }
    else if (!r.acquired) P(`wrong acquire: ${name}: the get is in the capture at ${sec(h.acquireEventNs)}, the report has none`);
    else {
      if (timed && (r.at < h.fromNs[0] - tol || r.at > h.fromNs[1] + tol)) P(`wrong acquire: ${name}: at ${sec(r.at)}, truth ${sec(h.fromNs[0])}..${sec(h.fromNs[1])}`);
      if (r.acquired.task && r.acquired.task.pid !== h.by.pid) P(`wrong acquire: ${name}: by ${who(r.acquired.task)}`);
      else if (r.acquired.task?.comm && r.acquired.task.comm !== h.by.comm) N(`${name}: task is called ${r.acquired.task.comm}`);
    }
    // the put
    if (req) score.relOf++;
    let ok = true;
    if (h.toNs === null) { if (r.released) { ok = false; P(`wrong release: ${name}: shown as released at ${sec(r.rt)} by ${who(r.released.task)}; it was still held at the end of the capture`); } }
    else if (!r.released) { ok = false; P(`wrong release: ${name}: shown as still held; it was released at ${sec(h.releaseEventNs ?? h.toNs[1])} by ${who(h.releasedBy)}`); }
    else {
      if (timed && (r.rt < h.toNs[0] - tol || r.rt > h.toNs[1] + tol)) { ok = false; P(`wrong release: ${name}: at ${sec(r.rt)}, truth ${sec(h.toNs[0])}..${sec(h.toNs[1])}`); }
      if (h.releasedBy && r.released.task && r.released.task.pid !== h.releasedBy.pid) { ok = false; P(`wrong release: ${name}: by ${who(r.released.task)}, truth ${who(h.releasedBy)}`); }
    }
    if (ok && req) score.rel++;
  }

  // ---- references shown as held that truth does not have
  const lostOn = new Set(T.holds.filter((h) => !h.seen).map((h) => pn(h.pfn)));
  const unchecked = new Set((T.uncheckedHeld ?? []).map(pn));
  const innocent = new Set((T.innocent ?? []).map(pn));
  const otherOf = (page, r) => (T.others ?? []).find((o) => pn(o.pfn) === page.n && o.kinds.includes(r.kind) && (!timed || r.at === null || o.fromNs === null || Math.abs(r.at - o.fromNs) <= Math.max(eps, 1000)));
  for (const page of pages) for (const r of page.refs) {
    if (owner.has(r)) continue;
    if (r.weight === 0) { N(`${page.pfn}: ${r.kind} of weight 0 shown as ${r.role}: an explanation, no reference`); continue; }
    const o = otherOf(page, r);
    if (r.role !== 'held') { if (o && !o.roles.includes(r.role)) N(`${page.pfn}: ${r.kind} at ${sec(r.at)} is shown as ${r.role} (${o.note})`); continue; }
    const what = `${r.kind} on ${page.pfn} by ${who(r.acquired?.task)} at ${sec(r.at)}`;
    const open = o && page.marks.some((m) => { const t = tn(m.timeNs); return !timed || t === null || (o.fromNs - eps <= t && t <= (o.toNs ?? Infinity) + eps); });
    if (o?.roles.includes('held') && open) { N(`${what} shown as held: ${o.note}`); continue; }
    if (T.putOnly && r.kind === 'unknown' && !r.released && T.holds.some((h) => pn(h.pfn) === page.n && h.seen && !h.toNs)) continue;
    if (unchecked.has(page.n)) { N(`${what} shown as held: not known for this page`); continue; }
    if (lostOn.has(page.n)) { N(`${what} shown as held: the page's events are partly lost`); continue; }
    score.blamed++;
    P(`blamed wrongly: ${what}: ${o ? o.note + (open === false ? ', and not there at any mark' : '') : ACCOUNTED.has(r.kind) ? 'the kernel itself accounts for it' : innocent.has(page.n) ? 'the page migrated' : T.holds.some((h) => pn(h.pfn) === page.n) ? 'no such holder in truth' : 'nobody held this page'}`);
  }

  // ---- marks
  const inWin = (a, t) => !timed || t === null || (t >= (a.fromNs ?? -Infinity) - tol && t <= (a.toNs ?? Infinity) + tol);
  for (const a of T.attempts) for (const pfn of a.marksMust) {
    const ev = a.evidence[pfn] ?? [];
    if (opt.namedOnly && !ev.some((x) => /^(fin|freeze|report|memory-failure)/.test(x))) continue;
    score.marksOf++;
    const page = pageOf(pfn);
    if (page && page.marks.some((m) => inWin(a, tn(m.timeNs)) && (!m.task || m.task.pid === a.task.pid))) score.marks++;
    else P(`mark missing: ${pfn} in the ${a.what} attempt of ${who(a.task)} at ${sec(a.fromNs)} (${ev.join(', ')})`);
  }
  for (const page of pages) for (const m of page.marks) {
    const t = tn(m.timeNs), id = `mark on ${page.pfn} at ${sec(t)} (${m.source})`;
    const hasP = (list) => list.some((x) => pn(x) === page.n || (page.order && pn(x) >= page.n && pn(x) < page.n + 2 ** page.order));
    const as = T.attempts.filter((a) => inWin(a, t));
    // neighbouring attempts overlap by the tolerance: the one of the mark's own task, then the one that contains the time
    const fit = (x) => (m.task && m.task.pid === x.task.pid ? 4 : 0) + (t !== null && t >= x.fromNs && t <= x.toNs ? 2 : 0) + (hasP([...x.marksMust, ...x.marksMay]) ? 1 : 0);
    const a = [...as].sort((x, y) => fit(y) - fit(x))[0];
    if (!a) { (m.held > 0 ? P : N)(`${id}: no attempt was under way`); }
    else if (!hasP([...a.marksMust, ...a.marksMay])) {
      const inRange = a.range && page.n >= pn(a.range.first) && page.n <= pn(a.range.last) && m.source === 'cma';
      if (inRange && !(m.held > 0)) N(`${id}: only in the range asked for`); else if (unchecked.has(page.n) || lostOn.has(page.n)) N(`${id}: not known for this page`); else P(`${id}: nothing in the capture says that this page failed to move${innocent.has(page.n) ? '; it migrated' : ''}`);
    } else {
      const ev = Object.entries(a.evidence).filter(([k]) => hasP([k])).flatMap(([, v]) => v);
      const allowed = new Set(['derived', ...ev.map((x) => EVIDENCE[x] ?? (/^memory-failure/.test(x) ? 'memory-failure' : x))]);
      if (a.range) allowed.add('cma');
      if (!allowed.has(m.source)) P(`${id}: the capture has no such event for this page (it has: ${ev.join(', ') || 'none'})`);
      if (m.reason && m.reason !== a.reason) (REASONS.has(m.reason) ? P : N)(`${id}: reason ${m.reason}, truth ${a.reason}`);
      if (m.task && m.task.pid !== a.task.pid) P(`${id}: by ${who(m.task)}, truth ${who(a.task)}`);
    }
    // the sum
    if (m.count === null && m.held === null && !(T.counts?.['0x' + page.n.toString(16)] ?? []).length) { N(`${id}: no sum; the capture has no reference event of this page`); continue; }
    score.accOf++;
    let ok = true;
    const bad = (s) => { ok = false; P(`accounting: ${id}: ${s}`); };
    const v = [m.count, m.expected, m.held, m.untraced];
    if (v.some((x) => typeof x !== 'number')) bad(`count ${m.count} expected ${m.expected} held ${m.held} untraced ${m.untraced}: a number is missing`);
    else {
      if (m.count !== m.expected + m.held + m.untraced) bad(`${m.count} is not ${m.expected} expected + ${m.held} held + ${m.untraced} untraced`);
      if (m.expected < 0 || m.held < 0 || (m.untraced < 0 && !T.lost?.events)) bad(`a negative part: expected ${m.expected}, held ${m.held}, untraced ${m.untraced}`);
      if (m.untraced !== 0 && !T.lost?.events && !T.putOnly) bad(`untraced ${m.untraced} in a capture without lost events`);
      const known = !unchecked.has(page.n) && !lostOn.has(page.n) && timed && t !== null;
      if (known) {
        const hs = T.holds.filter((h) => h.seen && pn(h.pfn) === page.n), os = (T.others ?? []).filter((o) => pn(o.pfn) === page.n && o.roles.includes('held'));
        const sum = (l) => l.reduce((s, x) => s + x.weight, 0);
        const oMay = os.filter((o) => o.fromNs - eps <= t && t <= (o.toNs ?? Infinity) + eps), oDef = oMay.filter((o) => !o.roles.includes('expected') && o.fromNs + eps < t && t < (o.toNs ?? Infinity) - eps && !o.roles.includes('temporary'));
        const lo = sum(hs.filter((h) => def(h, t) && (!T.putOnly || h.releaseEventNs !== null))) + sum(oDef), hi = sum(hs.filter((h) => maybe(h, t))) + sum(oMay);
        if (m.held < lo || m.held > hi) bad(`held ${m.held}, truth ${lo === hi ? lo : lo + '..' + hi} (${hs.filter((h) => def(h, t)).map((h) => h.id).join(' ') || 'nobody'})`);
        if (T.putOnly && m.held + m.untraced !== hi && lo !== hi) { if (m.held + m.untraced < lo) bad(`held ${m.held} + untraced ${m.untraced}, truth ${hi}`); }
        const c = T.counts?.['0x' + page.n.toString(16)];
        if (c?.length) {
          const before = c.filter(([ct]) => ct <= t + eps).map(([, x]) => x), near = c.filter(([ct]) => Math.abs(ct - t) <= Math.max(eps, 1000)).map(([, x]) => x);
          const good = new Set([...before.slice(-2), ...near]);
          if (good.size && !good.has(m.count)) bad(`count ${m.count}; the capture has ${[...good].join(' or ')} at that time`);
        }
      }
    }
    if (ok) score.acc++;
  }
  return done();
}
