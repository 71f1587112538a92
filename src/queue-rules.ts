import { z } from 'zod';
import { announcementLocales, announcementModes } from '../streams/announcement.ts';
import type { QueueRule, QueueSettings } from '../streams/queue-settings.ts';
import { openingHoursAllowed, parseOpeningHours } from './opening-hours-text.ts';
import { callbackAfterSeconds, callbackAllowed, type ConfigFault, timeZone } from './settings.ts';

const hours = z.string().transform((text, context) => {
  const ranges = parseOpeningHours(text);
  if (ranges === undefined) context.addIssue('no opening hours');
  return ranges ?? [];
});

/** What can be set for a queue. One text of hours is a list of one. */
const ruleSchema = z.strictObject({
  timeZone: timeZone().exactOptional(),
  openingHours: z
    .preprocess(
      (given) => (given === 'none' ? null : [given].flat()),
      z
        .array(hours)
        .min(1)
        .transform((some) => some.flat())
        .nullable(),
    )
    .exactOptional(),
  announcementMode: z.enum(announcementModes).exactOptional(),
  locale: z.enum(announcementLocales).exactOptional(),
  callbackAfterSeconds: callbackAfterSeconds().exactOptional(),
});

const allowed: Readonly<Record<keyof QueueSettings, string>> = {
  timeZone: 'IANA name of a zone, as Europe/Berlin',
  openingHours: openingHoursAllowed,
  announcementMode: announcementModes.join(', '),
  locale: announcementLocales.join(', '),
  callbackAfterSeconds: callbackAllowed,
};
const names = ruleSchema.keyof().options;

export const queuesAllowed = `a mapping of queues (id, name, or a name with *) to their ${names.join(', ')}; only in queuecast.yaml`;

const mapping = z.record(z.string(), z.unknown());

/** Reads the section `queues` of queuecast.yaml; `faults` gets all that is wrong, by its place. */
export function readQueueRules(given: unknown, faults: ConfigFault[]): readonly QueueRule[] {
  const section = mapping.safeParse(given ?? {});
  if (!section.success) {
    faults.push({ where: 'queuecast.yaml: queues', value: shown(given), allowed: queuesAllowed });
    return [];
  }
  return Object.entries(section.data).map(([pattern, value]) => readRule(pattern, value, faults));
}

function readRule(pattern: string, given: unknown, faults: ConfigFault[]): QueueRule {
  const where = `queuecast.yaml: queues.${JSON.stringify(pattern)}`;
  if (pattern.trim() === '') faults.push({ where, value: shown(given), allowed: 'the id or name of a queue' });
  const fields = mapping.safeParse(given);
  if (!fields.success) {
    faults.push({ where, value: shown(given), allowed: `a mapping of ${names.join(', ')}` });
    return { pattern };
  }
  const rule = ruleSchema.safeParse(fields.data);
  if (rule.success) return { pattern, ...rule.data };
  for (const issue of rule.error.issues) {
    if (issue.code === 'unrecognized_keys') {
      for (const name of issue.keys) {
        faults.push({
          where: `${where}.${name}`,
          value: shown(fields.data[name]),
          allowed: `one of ${names.join(', ')}`,
        });
      }
      continue;
    }
    const [first, index] = issue.path;
    const name = names.find((each) => each === first);
    if (name === undefined) continue;
    const value = fields.data[name];
    const isOne = Array.isArray(value) && typeof index === 'number';
    const place = isOne ? `${name}[${index}]` : name;
    faults.push({ where: `${where}.${place}`, value: shown(isOne ? value[index] : value), allowed: allowed[name] });
  }
  return { pattern };
}

const shown = (value: unknown) => (typeof value === 'string' ? value : JSON.stringify(value));
