/** Whether something that is needed is there; `failed` = that could not be asked. */
type FindingStatus = 'ok' | 'missing' | 'failed';

/** The answer to one question of `check`. */
export interface Finding {
  readonly name: string;
  readonly status: FindingStatus;
  /** What was found. */
  readonly told: string;
  /** What is lost without it. */
  readonly cost?: string;
  /** Permissions to grant, if that would mend it. */
  readonly permissions?: readonly string[];
  readonly wayOut?: string;
}

/** 1 when something could not be asked, else 3 when something is missing, else 0. */
export function exitCodeOf(findings: readonly Finding[]): 0 | 1 | 3 {
  if (findings.some(({ status }) => status === 'failed')) return 1;
  return findings.some(({ status }) => status === 'missing') ? 3 : 0;
}

/** A finding as a line. */
export function renderFinding({ name, status, told, cost, permissions = [], wayOut }: Finding): string {
  const grant = permissions.length === 0 ? undefined : `grant ${permissions.join(', ')} to a role of the OAuth client`;
  const parts = [
    told,
    cost === undefined ? undefined : `lost: ${cost}`,
    grant ?? wayOut,
    grant === undefined ? undefined : wayOut,
  ];
  return `${status.padEnd(7)}  ${name.padEnd(26)}  ${parts.filter((part) => part !== undefined).join('; ')}`;
}
