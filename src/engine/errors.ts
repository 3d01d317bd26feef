/** Failures that are meant for people: their message names what was found, what was expected and what to do. */

import type { PlainError } from './protocol';

/** A file that cannot be read as a capture. */
export class CaptureError extends Error {
  override readonly name = 'CaptureError';

  /** @param what continues the path into a sentence */
  constructor(
    readonly path: string,
    what: string,
  ) {
    super(`${path} ${what}`);
  }
}

/** A folder that cannot serve as the kernel tree. */
export class KernelTreeError extends Error {
  override readonly name = 'KernelTreeError';
}

export { DebugFileError } from '../source/elf/debugProblems';

/** A file of rules that cannot be read. */
export class RuleFileError extends Error {
  override readonly name = 'RuleFileError';
}

/** A file that an export cannot be written to. */
export class ExportError extends Error {
  override readonly name = 'ExportError';
}

/**
 * Of a file that an export would replace although it is made from it.
 *
 * @param name of the file that is to be written
 * @param input the same file, as it was opened
 */
export function inputError(name: string, input: string): ExportError {
  const what = name === input ? 'is what is exported' : `is ${input}, which is exported`;
  return new ExportError(`${name} ${what}. Choose another place.`);
}

/** Captures that cannot be compared. */
export class CompareError extends Error {
  override readonly name = 'CompareError';
}

/** The request was given up by the one who asked. */
export class CancelledError extends Error {
  override readonly name = 'CancelledError';

  constructor() {
    super('Cancelled.');
  }
}

/** The worker ended; its captures are gone. */
export class EngineStoppedError extends Error {
  override readonly name = 'EngineStoppedError';
}

/** What a message says beside the name of its file, for where that stands before it. */
export function withoutName(message: string, name: string): string {
  return message.replace(`${name}: `, '').replace(`${name} `, '');
}

/** An error in the form in which it crosses to another thread. */
export function plainError(error: unknown): PlainError {
  if (!(error instanceof Error)) return { name: 'Error', message: String(error), stack: null };
  return { name: error.name, message: error.message, stack: error.stack ?? null };
}
