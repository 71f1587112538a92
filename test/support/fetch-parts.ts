import { fetchKafka, whatLacks } from './kafka.ts';
import { makeEnvironment } from './python.ts';

/**
 * What several integration tests need is fetched before they run side by side. What cannot be had is told by the tests that need it.
 */
export default async function fetchParts(): Promise<void> {
  await Promise.allSettled([makeEnvironment(), ...(whatLacks() === undefined ? [fetchKafka()] : [])]);
}
