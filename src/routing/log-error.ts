/** An interaction log that is not as it should be. `row` counts interactions from 1, 0 = all of them; `field` is null for faults of the whole. */
export class InteractionLogError extends Error {
  readonly code: 'QC_LOG_INVALID' | 'QC_LOG_TOO_LARGE';
  readonly row: number;
  readonly field: string | null;

  constructor(
    code: InteractionLogError['code'],
    row: number,
    field: string | null,
    told: string,
    options?: ErrorOptions,
  ) {
    super(row === 0 ? told : `Interaction ${row}${field === null ? '' : `, ${field}`}: ${told}`, options);
    this.name = 'InteractionLogError';
    this.code = code;
    this.row = row;
    this.field = field;
  }
}
