/** An interaction log that is not as it should be. `row` counts interactions from 1, null = the whole log; `field` is null for faults of a whole. */
export class InteractionLogError extends Error {
  readonly code: 'QC_LOG_INVALID' | 'QC_LOG_TOO_LARGE';
  readonly row: number | null;
  readonly field: string | null;

  constructor(
    code: InteractionLogError['code'],
    row: number | null,
    field: string | null,
    told: string,
    options?: ErrorOptions,
  ) {
    super(`${row === null ? 'The log' : `Interaction ${row}`}${field === null ? '' : `, ${field}`}: ${told}`, options);
    this.name = 'InteractionLogError';
    this.code = code;
    this.row = row;
    this.field = field;
  }
}
