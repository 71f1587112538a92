import { expect, test } from 'vitest';
import { ConfigError, loadConfig } from '../../../src/config.ts';
import { kafkaSettings } from '../../../src/logs/choose-logs.ts';

const brokers = { KAFKA_BROKERS: '127.0.0.1:9092' };
const pem = '-----BEGIN CERTIFICATE-----\nx\n-----END CERTIFICATE-----';

function faultsOf(env: Readonly<Record<string, string>>): readonly (readonly [string, string])[] {
  try {
    kafkaSettings(loadConfig({ env: { ...brokers, ...env } }).config);
    return [];
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.faults.map(({ where, allowed }) => [where, allowed]);
  }
}

test.each([
  [{ KAFKA_SSL_CA: pem }, [['KAFKA_SSL_CA', 'not without KAFKA_SSL=true']]],
  [
    { KAFKA_SASL_USERNAME: 'joe', KAFKA_SASL_PASSWORD: 'x' },
    [
      ['KAFKA_SASL_USERNAME', 'not without KAFKA_SASL_MECHANISM'],
      ['KAFKA_SASL_PASSWORD', 'not without KAFKA_SASL_MECHANISM'],
    ],
  ],
])('what was meant to protect a connection and would not be used is refused: %o', (env, faults) => {
  expect(faultsOf(env)).toEqual(faults);
});

test('a path where the text of a certificate should be is refused, and says where a path goes', () => {
  const [[where, allowed] = []] = faultsOf({ KAFKA_SSL: 'true', KAFKA_SSL_CA: '/etc/ca.pem' });
  expect(where).toBe('KAFKA_SSL_CA');
  expect(allowed).toContain('KAFKA_SSL_CA_FILE');
});

test('a mechanism without its user is refused', () => {
  expect(faultsOf({ KAFKA_SASL_MECHANISM: 'plain' }).map(([where]) => where)).toEqual([
    'KAFKA_SASL_USERNAME',
    'KAFKA_SASL_PASSWORD',
  ]);
});

test('a certificate with TLS is taken', () => {
  expect(faultsOf({ KAFKA_SSL: 'true', KAFKA_SSL_CA: pem })).toEqual([]);
});
