/** In which forms the answer can leave the program. */

export type ExportFormat = 'json' | 'csv' | 'markdown' | 'speedscope';

interface ExportForm {
  /** What it is called, for people. */
  readonly title: string;
  /** What it is good for. */
  readonly detail: string;
  /** Of its files, without the dot. */
  readonly extension: string;
}

export const EXPORT_FORMS: Readonly<Record<ExportFormat, ExportForm>> = {
  markdown: {
    title: 'Markdown',
    detail: 'The report as it stands in the view, for a mail or a bug',
    extension: 'md',
  },
  json: {
    title: 'JSON',
    detail: 'Every mark, reference and stack, for scripts',
    extension: 'json',
  },
  csv: {
    title: 'CSV',
    detail:
      'A row for each reference at a mark (of a page_owner dump alone: for each stack), for spreadsheets',
    extension: 'csv',
  },
  speedscope: {
    title: 'speedscope',
    detail:
      'Flame graph of the time held by stack (of a page_owner dump alone: of pages), for speedscope.app',
    extension: 'speedscope.json',
  },
};
