import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: ['test/**/*.test.ts'],
          exclude: ['test/integration/**', 'test/faults/**'],
        },
      },
      {
        test: {
          name: 'integration',
          include: ['test/integration/**/*.test.ts', 'test/faults/**/*.test.ts'],
          testTimeout: 300_000,
          hookTimeout: 300_000,
          // They wait for brokers and processes more than they compute.
          maxWorkers: 2,
          sequence: { groupOrder: 1 },
          globalSetup: 'test/support/fetch-parts.ts',
        },
      },
    ],
  },
});
