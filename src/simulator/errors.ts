export type SimulatorErrorCode =
  /** The trace cannot be opened or unpacked. */
  | 'QC_TRACE_UNREADABLE'
  /** A line of the trace is not what the format says. */
  | 'QC_TRACE_MALFORMED'
  /** A setting of the simulator has a value that means nothing. */
  | 'QC_SIMULATOR_SETTING'
  /** The address to listen on belongs to another program, or is none of this machine's. */
  | 'QC_SIMULATOR_ADDRESS';

/** A failure to start the simulator. The message names the thing, the value and the way out; match on `code`. */
export class SimulatorError extends Error {
  readonly code: SimulatorErrorCode;

  constructor(code: SimulatorErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'SimulatorError';
    this.code = code;
  }
}

/** A fault at one line of a trace; `line` counts from 1. */
export class TraceError extends SimulatorError {
  readonly file: string;
  readonly line: number;

  constructor(file: string, line: number, fault: string, options?: ErrorOptions) {
    super(
      'QC_TRACE_MALFORMED',
      `${file}, line ${line}: ${fault}. Correct or remove this line, or name another trace.`,
      options,
    );
    this.name = 'TraceError';
    this.file = file;
    this.line = line;
  }
}
