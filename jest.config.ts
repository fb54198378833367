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
  modulePathIgnorePatterns: ['<rootDir>/dist/'],
} satisfies Config

/** Which suite runs: COATCHECK_SUITE is unset (npm test), `browser` or `long`. */
const suite = process.env['COATCHECK_SUITE'] ?? 'fast'

const testMatch = {
  fast: ['<rootDir>/test/**/*.test.ts', '!<rootDir>/test/browser/**', '!<rootDir>/test/long/**'],
  browser: ['<rootDir>/test/browser/**/*.test.ts'],
  long: ['<rootDir>/test/long/**/*.test.ts'],
}[suite]

if (!testMatch) throw new Error(`COATCHECK_SUITE=${suite}: one of fast, browser, long`)

export default {
  ...shared,
  testMatch,
  globalSetup: '<rootDir>/test/support/start-services.ts',
  globalTeardown: '<rootDir>/test/support/stop-services.ts',
  testTimeout: suite === 'fast' ? 30_000 : 600_000,
} satisfies Config
