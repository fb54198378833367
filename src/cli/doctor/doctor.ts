import type { Clock } from '../../clock.ts'
import { type Environment, examine } from '../../examination.ts'
import type { Command } from '../command.ts'
import { examineClock } from './examine-clock.ts'
import { examineDataDir } from './examine-data-dir.ts'
import { examineDatabase } from './examine-database.ts'
import { examinePorts } from './examine-port.ts'
import { examineProviders } from './examine-providers.ts'
import { examinePublicUrl } from './examine-public-url.ts'
import { examineRedis } from './examine-redis.ts'
import { examineTargets } from './examine-targets.ts'
import { type Finding, failed, ok, warning } from './finding.ts'
import { type Observation, observeFetch } from './observed-fetch.ts'

/** Tries everything that the configuration names, and says what to do about each failure. */
export const doctor: Command = {
  words: 'doctor',
  summary: 'check, then try the port, Redis, the database, each provider and each API target',
  options: {
    url: {
      type: 'boolean',
      meaning: 'also look at PUBLIC_URL from outside, through whatever stands in front',
    },
  },
  remarks: [
    'It signs nobody in and changes nothing, except that the user database gets its tables, as at a start.',
    'Providers see one authorization request and one invented code each.',
  ],
  async run({ json, flag }, { env, now, out }) {
    const findings = await diagnose(env, now, { fromOutside: flag('url') })
    if (json) out(JSON.stringify({ ok: findings.every(({ level }) => level !== 'failed'), findings }))
    else for (const finding of findings) out(asLine(finding))
    return findings.some(({ level }) => level === 'failed') ? 1 : 0
  },
}

async function diagnose(
  env: Environment,
  clock: Clock,
  { fromOutside }: { readonly fromOutside: boolean },
): Promise<readonly Finding[]> {
  const examined = await examine(env)
  const warnings = examined.warnings.map((line) =>
    warning('configuration', line, 'see docs/configuration.md'),
  )
  if ('problems' in examined) {
    const correct = 'correct it, then run doctor again'
    return [...examined.problems.map((problem) => failed('configuration', problem, correct)), ...warnings]
  }
  const { config } = examined
  const observations: Observation[] = []
  const targets = observeFetch(clock)
  const [ports, dataDir, redis, database, providers, api, outside] = await Promise.all([
    examinePorts(config),
    examineDataDir(config),
    examineRedis(config.redis),
    examineDatabase(config, clock),
    examineProviders(config, { clock, observed: (one) => observations.push(one) }),
    examineTargets(config, targets),
    fromOutside ? examinePublicUrl(config) : [],
  ])
  return [
    ok('configuration', 'is complete'),
    ...warnings,
    ...ports,
    ...dataDir,
    ...redis,
    ...database,
    ...providers,
    ...api,
    ...outside,
    ...examineClock([...observations, ...targets.seen]),
  ]
}

const marks = { ok: 'ok     ', warning: 'warning', failed: 'FAILED ' } as const

function asLine({ area, level, seen, advice }: Finding): string {
  const line = `${marks[level]}  ${area}: ${seen}`
  return advice === undefined ? line : `${line}\n         → ${advice}`
}
