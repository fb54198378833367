import type { Config } from 'jest'

const shared = {
  transform: {
    '^.+\\.tsx?$': [
      '@swc/jest',
      {
        jsc: { parser: { syntax: 'typescript', tsx: false }, target: 'es2024' },
        module: { type: 'es6' },
        sourceMaps: 'inline',
      },
    ],
  },
  extensionsToTreatAsEsm: ['.ts'],
  testEnvironment: 'node',
  // The package by its own name is the source, not yesterday's build.
  moduleNameMapper: {
    '^coatcheck$': '<rootDir>/src/composition.ts',
    '^coatcheck/testing$': '<rootDir>/src/testing/world.ts',
    '^coatcheck/browser$': '<rootDir>/src/browser/client.ts',
    '^coatcheck/react$': '<rootDir>/src/browser/react.ts',
  },
  modulePathIgnorePatterns: ['<rootDir>/dist/'],
} satisfies Config

/** Which suite runs: COATCHECK_SUITE is unset (npm test), `browser`, `outside` or `long`. */
const suite = process.env['COATCHECK_SUITE'] ?? 'fast'

const folders = {
  fast: {
    roots: ['<rootDir>/test'],
    testPathIgnorePatterns: ['<rootDir>/test/browser/', '<rootDir>/test/outside/', '<rootDir>/test/long/'],
  },
  browser: { roots: ['<rootDir>/test/browser'] },
  outside: { roots: ['<rootDir>/test/outside'] },
  long: { roots: ['<rootDir>/test/long'] },
}[suite]

if (!folders) throw new Error(`COATCHECK_SUITE=${suite}: one of fast, browser, outside, long`)

export default {
  ...shared,
  ...folders,
  testMatch: ['**/*.test.ts'],
  globalSetup: '<rootDir>/test/support/start-services.ts',
  globalTeardown: '<rootDir>/test/support/stop-services.ts',
  // Much of a test is waiting for a store: every core may have one.
  maxWorkers: '100%',
  testTimeout: suite === 'fast' ? 30_000 : 600_000,
} satisfies Config
