export type SinkErrorCode =
  /** The destination cannot be written now: disk full, no permission. */
  | 'QC_SINK_UNAVAILABLE'
  /** Nobody answers there now; that may pass by itself. */
  | 'QC_SINK_UNREACHABLE'
  /** Another writer owns the destination. */
  | 'QC_SINK_FENCED'
  /** A configured limit is reached. */
  | 'QC_SINK_FULL'
  /** What is stored does not fit what is to be written. */
  | 'QC_SCHEMA_DRIFT'
  /** Stored data is damaged before its end. */
  | 'QC_LOG_CORRUPT';

/** A failure of a destination. The message names the place, the cause and the way out; match on `code`. */
export class SinkError extends Error {
  readonly code: SinkErrorCode;

  constructor(code: SinkErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'SinkError';
    this.code = code;
  }
}
