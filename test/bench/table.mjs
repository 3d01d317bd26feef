// The one table printer of the bench.

/** How the numbers of a column are shown; null is "-" everywhere. */
export const show = {
  text: (value) => String(value),
  seconds: (value) => value.toFixed(value < 10 ? 2 : 1),
  cpuSeconds: (value) => `${value.toFixed(1)} s`,
  milliseconds: (value) => (value * 1000).toFixed(1),
  microseconds: (value) => (value * 1e6).toFixed(2),
  megabytes: (value) => (value / 1e6).toFixed(value < 1e7 ? 1 : 0),
  memory: (value) => `${(value / 1e6).toFixed(0)} MB`,
  count: (value) => value.toLocaleString('en'),
  millions: (value) => (value / 1e6).toFixed(2),
  one: (value) => value.toFixed(1),
  percent: (value) => `${(value * 100).toFixed(0)} %`,
  ratio: (value) => `${value.toFixed(value < 1 ? 2 : value < 10 ? 1 : 0)}×`,
};

/**
 * A table as data: `columns` are [key, heading, one of `show`], `rows` are objects with those keys, `notes` are
 * lines that stand below it.
 */
export function table(title, columns, rows, notes = []) {
  return { title, columns, rows, notes };
}

/** A table as Markdown that reads well in a terminal. */
export function printed({ title, columns, rows, notes }) {
  const cells = [
    columns.map(([, heading]) => heading),
    ...rows.map((row) => columns.map(([key, , format]) => cell(row[key], format))),
  ];
  const widths = columns.map((_, index) => Math.max(3, ...cells.map((row) => row[index].length)));
  const isText = columns.map(([, , format]) => format === show.text);
  const line = (row) =>
    `| ${row.map((text, i) => (isText[i] ? text.padEnd(widths[i]) : text.padStart(widths[i]))).join(' | ')} |`;
  const rule = `| ${widths.map((width, i) => (isText[i] ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`)).join(' | ')} |`;
  const [heading, ...body] = cells.map(line);
  return [`## ${title}`, '', heading, rule, ...body, ...(notes.length ? ['', ...notes] : []), ''].join('\n');
}

function cell(value, format) {
  return value === null || value === undefined || Number.isNaN(value) ? '-' : format(value);
}
