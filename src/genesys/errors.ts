export type GenesysErrorCode =
  /** The login was refused: wrong id or secret, or the right ones in the wrong region. */
  | 'QC_GENESYS_CREDENTIALS'
  /** A permission is missing. */
  | 'QC_GENESYS_PERMISSION'
  /** The host does not answer, or answers only with faults. */
  | 'QC_GENESYS_UNREACHABLE'
  /** What was asked for is gone: a channel, for example. */
  | 'QC_GENESYS_NOT_FOUND'
  /** The answer is not what the platform's contract says, or the request was refused as such. */
  | 'QC_GENESYS_REFUSED'
  /** The journal belongs to another organisation, or to a later time. */
  | 'QC_GENESYS_MISMATCH';

/** A failure at the platform's border. The message names the place, the cause and the way out; match on `code`. */
export class GenesysError extends Error {
  readonly code: GenesysErrorCode;

  constructor(code: GenesysErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'GenesysError';
    this.code = code;
  }
}
