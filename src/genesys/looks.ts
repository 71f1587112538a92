import type { Logger } from 'pino';
import type { Clock } from '../../sinks/clock.ts';
import type { Inventory } from './channel-plan.ts';
import { GenesysError } from './errors.ts';

interface LooksSettings {
  readonly clock: Clock;
  readonly log: Logger;
  /** Ends with the socket; undefined while a channel is not live: it then asks for all there is on its way there. */
  readonly alive: () => AbortSignal | undefined;
  readonly take: (of: Inventory, isPatient: boolean, alive: AbortSignal) => Promise<unknown>;
  /** All that is watched. */
  readonly everything: () => Inventory;
  /** Told of each that could not be taken for now. */
  readonly onFailed: () => void;
  /** Takes what trying again does not help against: a channel that is gone, credentials, permissions. */
  readonly onFatal: (error: Error) => void;
}

/** Asks how something stands, while a channel is live; `isPatient` = also of what speaks each time it is asked about. */
export type Look = (of: () => Inventory, isPatient: boolean) => void;

/** A look that failed is tried again after this long. */
const againAfterMs = 60_000;

/**
 * Looks beside a channel's life, one after the other. One that fails costs nothing that was heard: the socket stays, and it is tried again.
 * A socket that is lost meanwhile makes all of it needless.
 */
export function createLooks(settings: LooksSettings): Look {
  const { clock, log, alive: aliveNow, take, everything, onFailed, onFatal } = settings;
  let looks: Promise<void> = Promise.resolve();
  let isOwed = false;

  const look: Look = (of, isPatient) => {
    looks = looks.then(async () => {
      const alive = aliveNow();
      if (alive === undefined) return;
      try {
        await take(of(), isPatient, alive);
      } catch (error) {
        if (alive.aborted) return;
        if (!isPassing(error)) {
          onFatal(error instanceof Error ? error : new Error(String(error)));
          return;
        }
        const cause = `${error.message}; the socket stays, and it is tried again in ${againAfterMs / 1_000} s`;
        log.warn({ code: error.code }, `it could not be asked how everything stands: ${cause}`);
        onFailed();
        lookAgain(alive);
      }
    });
  };

  /** Once for all that failed meanwhile, at everything. */
  function lookAgain(alive: AbortSignal): void {
    if (isOwed) return;
    isOwed = true;
    clock.sleep(againAfterMs, alive).then(
      () => {
        isOwed = false;
        look(everything, true);
      },
      () => (isOwed = false),
    );
  }

  return look;
}

const fatalCodes: readonly string[] = ['QC_GENESYS_NOT_FOUND', 'QC_GENESYS_CREDENTIALS', 'QC_GENESYS_PERMISSION'];

const isPassing = (error: unknown): error is GenesysError =>
  error instanceof GenesysError && !fatalCodes.includes(error.code);
