import { SimulatorError } from './errors.ts';
import { faultKinds, faultSchema, type Fault } from './faults.ts';

/** A fault and how long after the start it happens, in milliseconds of the platform. */
export interface LaterFault {
  readonly afterMs: number;
  readonly fault: Fault;
}

const item =
  /^(?<kind>[a-z-]+)@(?<after>\d+(?:\.\d+)?)(?<unit>ms|s|m|h)(?::(?<length>\d+(?:\.\d+)?)(?<lengthUnit>ms|s|m|h))?$/;
const unitMs: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };
/** What the time behind the colon means, where it is not how long the fault lasts. */
const lengthFields: Readonly<Record<string, string>> = { 'socket-closing': 'closeAfterMs', 'skew-clock': 'skewMs' };

/**
 * Reads `drop-socket@60s,hang-socket@5m:90s`: kinds, when each happens, and how long it lasts. Throws a `SimulatorError`
 * that names the item.
 */
export function parseFaultPlan(text: string): readonly LaterFault[] {
  return text.split(',').map((each) => {
    const { kind, after, unit, length, lengthUnit } = item.exec(each.trim())?.groups ?? {};
    if (kind === undefined || !faultKinds.includes(kind)) {
      throw settingError(
        `"${each}" is no fault: write kind@time or kind@time:duration, as in drop-socket@60s or hang-socket@5m:90s; kinds: ${faultKinds.join(', ')}.`,
      );
    }
    const afterMs = Number(after) * (unitMs[unit ?? ''] ?? 1);
    const read = (settings: object) => faultSchema.safeParse({ kind, ...settings });
    const alone = read({});
    if (length === undefined && alone.success) return { afterMs, fault: alone.data };
    const lengthOf = (ms: number) => ({ [lengthFields[kind] ?? 'forMs']: ms });
    const lasting = read(lengthOf(Number(length) * (unitMs[lengthUnit ?? ''] ?? 1)));
    if (lasting.success) return { afterMs, fault: lasting.data };
    const takesOne = read(lengthOf(1)).success;
    throw settingError(
      takesOne
        ? `"${each}": ${kind} cannot last ${length}${lengthUnit}; write a whole number of milliseconds above 0.`
        : `"${each}": ${kind} takes no duration; write ${kind}@${after}${unit}.`,
    );
  });
}

const settingError = (message: string) => new SimulatorError('QC_SIMULATOR_SETTING', message);
