/** Thrown inside the trace.dat reader where the file is not as its format says; caught there, never outside. */
export class UnexpectedData extends Error {
  /**
   * `offset` in bytes in the file; the message says what was found and what was expected.
   *
   * @param isEnd the file ends there, before what was expected
   */
  constructor(
    readonly offset: number,
    message: string,
    readonly isEnd = false,
  ) {
    super(message);
  }
}
