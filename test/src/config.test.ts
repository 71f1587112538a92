import { describe, expect, test } from 'vitest';
import { ConfigError, loadConfig } from '../../src/config.ts';
import { recordingOf } from '../../src/settings.ts';

describe('the configuration', () => {
  test('takes flag before environment before file before default', () => {
    const sources = { env: { QUEUECAST_TICK_MS: '2000' }, yaml: 'tickMs: 3000\nholdMs: 5000' };
    expect(loadConfig({ ...sources, flags: { tickMs: '4000' } }).config.tickMs).toBe(4000);
    expect(loadConfig(sources).config).toMatchObject({ tickMs: 2000, holdMs: 5000, gapMaxMs: 900_000 });
    expect(loadConfig({ env: {} }).config.tickMs).toBe(1000);
  });

  test('names all faults at once, with where, value and what is allowed', () => {
    const load = () =>
      loadConfig({
        flags: { speed: 'fast' },
        env: { QUEUECAST_TICK_MS: '1', GENESYSCLOUD_REGION: 'mars' },
        yaml: 'windowSize: 3\ntimeZone: Atlantis',
      });
    expect(load).toThrow(ConfigError);
    try {
      load();
    } catch (error) {
      const faults = error instanceof ConfigError ? error.faults : [];
      expect(faults.map(({ where, value }) => [where, value]).sort()).toEqual([
        ['--speed', 'fast'],
        ['GENESYSCLOUD_REGION', 'mars'],
        ['QUEUECAST_TICK_MS', '1'],
        ['queuecast.yaml: timeZone', 'Atlantis'],
        ['queuecast.yaml: windowSize', '3'],
      ]);
      for (const { allowed } of faults) expect(allowed).not.toBe('');
    }
  });

  test('reads the names of the ecosystem and regions in all their spellings', () => {
    for (const region of ['eu-central-1', 'EU_CENTRAL_1', 'mypurecloud.de', 'new.region.example']) {
      expect(loadConfig({ env: { GENESYS_CLOUD_REGION: region } }).config.region).toBe(region);
    }
    expect(loadConfig({ env: { GENESYS_CLIENT_ID: 'tutorial' } }).config.clientId).toBe('tutorial');
  });

  test('reads the profiles to rank as people write them, and names them as records do', () => {
    const profilesOf = (written: string) =>
      loadConfig({ env: { QUEUECAST_RANKING_PROFILES: written } }).config.rankingProfiles;
    expect(profilesOf('sales+billing@de, x , @fr')).toEqual(['billing+sales@de', 'x@', '@fr']);
    for (const written of ['a,,b', '@', 'a@b@c', 'a+', Array.from({ length: 50 }, (_, at) => `s${at}`).join(',')])
      expect(() => profilesOf(written), written).toThrow(/QUEUECAST_RANKING_PROFILES/);
  });

  test('refuses names of agents beside their pseudonyms, with the way out', () => {
    const load = (env: Readonly<Record<string, string>>) => loadConfig({ env }).config.agentNames;
    expect(load({})).toBe(false);
    expect(load({ QUEUECAST_AGENT_NAMES: 'true' })).toBe(true);
    const AGENT_ID_KEY = 'a key of sixteen letters';
    expect(load({ QUEUECAST_AGENT_NAMES: 'false', AGENT_ID_KEY })).toBe(false);
    expect(() => load({ QUEUECAST_AGENT_NAMES: 'true', AGENT_ID_KEY })).toThrow(
      /QUEUECAST_AGENT_NAMES=true: allowed: false while AGENT_ID_KEY is set/,
    );
  });

  test('reads the weights of a ranking, which are shares of one', () => {
    const weightsOf = (written?: string) =>
      loadConfig({ env: written === undefined ? {} : { QUEUECAST_RANKING_WEIGHTS: written } }).config.rankingWeights;
    expect(weightsOf()).toEqual({ proficiency: 0.4, language: 0.3, csat: 0.3, threshold: 0.5 });
    expect(weightsOf('0.7, 0.2,0.1')).toEqual({ proficiency: 0.7, language: 0.2, csat: 0.1, threshold: 0.5 });
    expect(weightsOf('0.3333333333,0.3333333333,0.3333333333').csat).toBe(0.3333333333);
    for (const written of [
      '0.5,0.3,0.3',
      '0.5,0.5',
      '1.2,-0.1,-0.1',
      'a,b,c',
      '0.4,0.3,0.3,0',
      '1,,0',
      '0.4,0.3,0.300000002',
    ])
      expect(() => weightsOf(written), written).toThrow(/QUEUECAST_RANKING_WEIGHTS=.*in sum 1/);
  });

  test('reads a secret from a file, and never shows it', () => {
    const { config, shown } = loadConfig({
      env: { GENESYSCLOUD_OAUTHCLIENT_SECRET_FILE: '/run/secrets/genesys' },
      readFile: () => 'hush\n',
    });
    expect(config.clientSecret).toBe('hush');
    expect(JSON.stringify(shown)).not.toContain('hush');
    const ours = { env: { QUEUECAST_HTTP_TOKEN_FILE: '/run/secrets/http' }, readFile: () => 'hush-hush-hush-hush\n' };
    expect(loadConfig(ours).config.httpToken).toBe('hush-hush-hush-hush');
    const load = () =>
      loadConfig({
        env: { GENESYSCLOUD_OAUTHCLIENT_SECRET_FILE: '/nowhere' },
        readFile: () => {
          throw new Error('ENOENT');
        },
      });
    expect(load).toThrow(/GENESYSCLOUD_OAUTHCLIENT_SECRET_FILE=\/nowhere/);
  });

  test('refuses a token that no header can hold', () => {
    const load = () => loadConfig({ env: { QUEUECAST_HTTP_TOKEN: 'tök€n-0123456789abcdef' } });
    expect(load).toThrow(/QUEUECAST_HTTP_TOKEN=\(secret\).*ASCII/);
  });

  test('takes a misspelt variable for a fault', () => {
    expect(() => loadConfig({ env: { QUEUECAST_SPED: '3' } })).toThrow(/QUEUECAST_SPED=3.*QUEUECAST_SPEED/);
  });

  test('takes a name with a dot or slash in it for a recording, and no misspelt source', () => {
    const source = (flag: string) => recordingOf(loadConfig({ env: {}, flags: { source: flag } }).config);
    expect(source('day.jsonl.gz')).toBe('day.jsonl.gz');
    expect(source('recordings/day')).toBe('recordings/day');
    expect(source('simulator')).toBeUndefined();
    expect(() => source('simulater')).toThrow(/--source=simulater: allowed: platform, simulator, auto .*recording/);
  });

  test('a limit can be lifted with none', () => {
    expect(loadConfig({ env: { QUEUECAST_GAP_MAX_MS: 'none' } }).config.gapMaxMs).toBeNull();
  });
});

describe('the settings of some queues', () => {
  const queuesOf = (yaml: string) => loadConfig({ env: {}, yaml }).config.queues;

  test('are read by id, name or wildcard, with hours as plain numbers', () => {
    const yaml = `
      queues:
        "*": { timeZone: Europe/Berlin, openingHours: mon 08:00-12:00 }
        Sales*: { locale: de, announcementMode: padded, callbackAfterSeconds: 300 }
        4711: { openingHours: none, callbackAfterSeconds: none }
        VIP: { openingHours: [mon 08:00-12:00, tue 00:00-24:00] }`;
    expect(new Map(queuesOf(yaml).map(({ pattern, ...settings }) => [pattern, settings]))).toEqual(
      new Map(
        Object.entries({
          '*': { timeZone: 'Europe/Berlin', openingHours: [{ fromMinute: 480, untilMinute: 720 }] },
          'Sales*': { locale: 'de', announcementMode: 'padded', callbackAfterSeconds: 300 },
          '4711': { openingHours: null, callbackAfterSeconds: null },
          VIP: {
            openingHours: [
              { fromMinute: 480, untilMinute: 720 },
              { fromMinute: 1440, untilMinute: 2880 },
            ],
          },
        }),
      ),
    );
    expect(queuesOf('')).toEqual([]);
    expect(queuesOf('queues:')).toEqual([]);
  });

  test('are shown as they were written', () => {
    const { shown } = loadConfig({ env: {}, yaml: 'queues: { VIP: { openingHours: none } }' });
    expect(shown.find(({ name }) => name === 'queues')).toMatchObject({
      value: { VIP: { openingHours: 'none' } },
      from: 'queuecast.yaml: queues',
    });
  });

  test('have their faults named by place, all at once, beside those of other settings', () => {
    const yaml = `
      tickMs: 1
      queues:
        "Sales*": { locale: xx, timeZone: Atlantis, openingHours: [mon-fri 08:00-18:00, mon-fry 1], colour: { a: 1 } }
        VIP: { openingHours: 3, announcementMode: shout, callbackAfterSeconds: 0 }
        Empty: { openingHours: [] }
        Plain: closed
        " ": {}`;
    let faults: ConfigError['faults'] = [];
    try {
      loadConfig({ env: {}, yaml });
    } catch (error) {
      if (error instanceof ConfigError) ({ faults } = error);
    }
    expect(faults.map(({ where, value }) => `${where}=${value}`).sort()).toEqual([
      'queuecast.yaml: queues." "={}',
      'queuecast.yaml: queues."Empty".openingHours=[]',
      'queuecast.yaml: queues."Plain"=closed',
      'queuecast.yaml: queues."Sales*".colour={"a":1}',
      'queuecast.yaml: queues."Sales*".locale=xx',
      'queuecast.yaml: queues."Sales*".openingHours[1]=mon-fry 1',
      'queuecast.yaml: queues."Sales*".timeZone=Atlantis',
      'queuecast.yaml: queues."VIP".announcementMode=shout',
      'queuecast.yaml: queues."VIP".callbackAfterSeconds=0',
      'queuecast.yaml: queues."VIP".openingHours=3',
      'queuecast.yaml: tickMs=1',
    ]);
    const allowed = new Map(faults.map((fault) => [fault.where, fault.allowed]));
    expect(allowed.get('queuecast.yaml: queues."Sales*".locale')).toBe('en, de, fr, es, pt');
    expect(allowed.get('queuecast.yaml: queues."Sales*".colour')).toMatch(/^one of timeZone, openingHours/);
    expect(() => queuesOf('queues: [a]')).toThrow('queuecast.yaml: queues=["a"]: allowed: a mapping of queues');
  });
});
