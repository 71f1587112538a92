import {
  announce,
  announcementLocales,
  announcementModes,
  announcementText,
  type WaitToAnnounce,
} from '../streams/announcement.ts';
import { noEstimateReasons } from '../streams/announcements/messages.ts';

const example: WaitToAnnounce = {
  mode: 'approximate',
  locale: 'en',
  waitSecondsP50: 100,
  waitSecondsP80: 200,
  waitSecondsP90: 400,
  reason: null,
  callersAhead: null,
  agentsOnQueue: 4,
  prioritiesApply: false,
};
const short = { waitSecondsP50: 0, waitSecondsP80: 20, waitSecondsP90: 50 };
const long = { waitSecondsP50: 900, waitSecondsP80: 2_000, waitSecondsP90: 2_400 };

const cases: readonly (readonly [
  heading: string,
  rows: readonly (readonly [name: string, Partial<WaitToAnnounce>])[],
])[] = [
  [
    'The modes, for P50 = 100 s, P80 = 200 s, P90 = 400 s, with 2 callers ahead',
    announcementModes.map((mode) => [`\`${mode}\``, { mode, callersAhead: 2 }] as const),
  ],
  [
    'The modes, for P50 = 0 s, P80 = 20 s, P90 = 50 s, with 1 caller ahead',
    announcementModes.map((mode) => [`\`${mode}\``, { mode, ...short, callersAhead: 1 }] as const),
  ],
  [
    'The other sentences, in the mode `approximate`',
    [
      ['next in line', { callersAhead: 0 }],
      ['no position told', {}],
      ['P80 = 2,000 s', long],
    ],
  ],
  ['No estimate', noEstimateReasons.map((reason) => [`\`${reason}\``, { reason }] as const)],
];

/** The tables of docs/announcements.md, made by the functions that speak. */
export function announcementTables(): string[] {
  return cases.map(([heading, rows]) => {
    const lines = rows.flatMap(([name, change]) =>
      (change.mode === 'seed' ? (['en'] as const) : announcementLocales).map((locale, i) => {
        const wait = { ...example, ...change, locale };
        return `| ${i === 0 ? name : ''} | ${locale} | ${announcementText(announce(wait), wait)} |`;
      }),
    );
    return [`### ${heading}`, '', '| | language | spoken |', '| --- | --- | --- |', ...lines, ''].join('\n');
  });
}
