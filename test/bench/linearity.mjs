// Whether cost grows with size and no faster: the same small recording made larger and larger.
import { measureLibrary } from './readers.mjs';
import { show, table } from './table.mjs';

const FACTORS = [1, 4, 16];
const COLUMNS = [
  ['form', 'form', show.text],
  ['factor', 'size', show.ratio],
  ['bytes', 'MB', show.megabytes],
  ['events', 'events', show.count],
  ['read', 'read CPU s', show.seconds],
  ['analyse', 'analyse CPU s', show.seconds],
  ['perEvent', 'µs/event', show.microseconds],
  ['relative', 'to the first', show.ratio],
  ['rss', 'peak MB', show.megabytes],
];

export const title = 'Cost by size';

/** Returns the tables. */
export async function run({ files, repeats, library, events, say }) {
  const rows = [];
  for (const [form, seed] of files.seeds) {
    let first = null;
    for (const factor of FACTORS) {
      say(`${form} ${factor}×`);
      const file = await files.repeated(seed, { events: Math.ceil((events / 16) * factor) }, 'linearity');
      const { detail, run: whole } = await measureLibrary(library, file, repeats);
      files.remove(file);
      const perEvent = (detail.cpu.read + detail.cpu.analyse) / detail.events;
      first ??= perEvent;
      rows.push({
        form,
        factor,
        bytes: detail.bytes,
        events: detail.events,
        read: detail.cpu.read,
        analyse: detail.cpu.analyse,
        perEvent,
        relative: perEvent / first,
        rss: whole.rss,
      });
    }
  }
  return [
    table(title, COLUMNS, rows, [
      'CPU time (user and system) within the process, best run: the compiler of V8 works beside the reader at first, ' +
        'so that the smallest size costs most an event.',
    ]),
  ];
}
