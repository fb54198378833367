import { describe, expect, it } from '@jest/globals'
import { createMetrics } from '../../src/ops/create-metrics.ts'
import { dashboardQueries, groupsIn, metricsIn, type Query, readDashboard, ruleQueries } from './queries.ts'

const metrics = createMetrics({ providers: ['kakao'], routes: ['/api'], ofProcess: true })
const described = metrics.describe()
metrics.close()

/** What Prometheus itself puts on every series. */
const ofPrometheus = ['job', 'instance']

/** The series that a scrape has: a histogram is three. */
const series = new Map(
  described.flatMap(({ name, type, labelNames }) =>
    type === 'histogram'
      ? [
          [`${name}_bucket`, [...labelNames, 'le']] as const,
          [`${name}_sum`, labelNames] as const,
          [`${name}_count`, labelNames] as const,
        ]
      : [[name, labelNames] as const],
  ),
)

/** What is wrong with a query: a metric that is not there, or a label that it does not have. */
function faultsOf({ at, expression }: Query): readonly string[] {
  const used = metricsIn(expression)
  const known = new Set([...used.flatMap(({ name }) => series.get(name) ?? []), ...ofPrometheus])
  return [
    ...used.filter(({ name }) => !series.has(name)).map(({ name }) => `${at}: no metric ${name}`),
    ...used.flatMap(({ name, labels }) =>
      labels
        .filter((label) => ![...(series.get(name) ?? []), ...ofPrometheus].includes(label))
        .map((label) => `${at}: ${name} has no label ${label}`),
    ),
    ...groupsIn(expression)
      .filter((label) => !known.has(label))
      .map((label) => `${at}: nothing there has a label ${label}`),
  ]
}

describe.each([
  ['the dashboard', dashboardQueries()],
  ['the alerts', ruleQueries()],
] as const)('%s', (_name, queries) => {
  it('ask for metrics that there are, by labels that they have', () => {
    expect(queries.flatMap(faultsOf)).toEqual([])
    expect(queries.filter(({ expression }) => metricsIn(expression).length === 0)).toEqual([])
    expect(queries.length).toBeGreaterThan(8)
  })
})

describe('the dashboard', () => {
  it('draws every metric of coatcheck', () => {
    const drawn = dashboardQueries().flatMap(({ expression }) =>
      metricsIn(expression).map(({ name }) => name.replace(/_(bucket|sum|count)$/, '')),
    )
    const ours = described.map(({ name }) => name).filter((name) => name.startsWith('coatcheck_'))
    expect(ours.filter((name) => !drawn.includes(name))).toEqual([])
  })

  it('goes from what people notice to what the machine does', () => {
    const rows = readDashboard().panels.filter(({ type }) => type === 'row')
    expect(rows.map(({ title }) => title)).toEqual([
      'Sign-in',
      'Sessions',
      'Tokens',
      'Proxy',
      'Stores',
      'Process',
    ])
  })
})

describe('a query with a slip of the pen', () => {
  it.each([
    ['rate(coatcheck_login_total[5m])', 'x: no metric coatcheck_login_total'],
    ['coatcheck_connections{type="websocket"}', 'x: coatcheck_connections has no label type'],
    ['sum by (path) (coatcheck_connections)', 'x: nothing there has a label path'],
    ['coatcheck_store_seconds{store="redis"}', 'x: no metric coatcheck_store_seconds'],
  ])('%s is found', (expression, fault) => {
    expect(faultsOf({ at: 'x', expression })).toContain(fault)
  })
})
