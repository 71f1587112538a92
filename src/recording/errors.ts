export type RecordingErrorCode =
  /** The file cannot be opened, unpacked or read to its end. */
  | 'QC_RECORDING_UNREADABLE'
  /** A line is not what the format says. */
  | 'QC_RECORDING_MALFORMED'
  /** The file cannot be written, or is there already. */
  | 'QC_RECORDING_UNWRITABLE'
  /** The journal that a recording is to be replayed into holds something already. */
  | 'QC_RECORDING_MISMATCH';

/** A failure with a recording. The message names the file, the cause and the way out; match on `code`. */
export class RecordingError extends Error {
  readonly code: RecordingErrorCode;

  constructor(code: RecordingErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'RecordingError';
    this.code = code;
  }
}
