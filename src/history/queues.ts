import { compareIds } from '../../streams/aggregates.ts';
import { ConfigError } from '../config.ts';

const namesShownMax = 10;

/**
 * The ids of the queues that are asked for by id or name, in order; `*` in a name stands for anything, none asked for is all. Several may
 * stand with commas between, but a name may have commas too: what fits as it is, is not taken apart. Throws a `ConfigError` for what
 * fits no queue.
 */
export function chooseQueues(asked: readonly string[], queueNames: ReadonlyMap<string, string>): readonly string[] {
  const chosen = new Set<string>();
  const unknown: string[] = [];
  const idsOf = (text: string): readonly string[] => {
    const pattern = new RegExp(`^${text.split('*').map(escape).join('.*')}$`, 'i');
    return [...queueNames].flatMap(([id, name]) => (id === text || pattern.test(name) ? [id] : []));
  };
  for (const each of asked.flatMap((text) => (idsOf(text).length > 0 ? [text] : text.split(',')))) {
    const found = idsOf(each);
    if (found.length === 0) unknown.push(each);
    for (const id of found) chosen.add(id);
  }
  if (unknown.length > 0) {
    const names = [...new Set(queueNames.values())].sort(compareIds);
    const more = names.length > namesShownMax ? `, … (${names.length} in all)` : '';
    const allowed = `id or name of a queue, * for anything; there are ${names.slice(0, namesShownMax).join(', ')}${more}`;
    throw new ConfigError(unknown.map((value) => ({ where: '--queue', value, allowed })));
  }
  return [...(asked.length === 0 ? queueNames.keys() : chosen)].sort(compareIds);
}

const escape = (text: string) => text.replaceAll(/[\\^$.*+?()[\]{}|]/g, '\\$&');
