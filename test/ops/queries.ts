import { readFileSync } from 'node:fs'
import { join } from 'node:path'

const deploy = join(import.meta.dirname, '../../deploy')

/** A PromQL expression, with where it stands. */
export interface Query {
  readonly at: string
  readonly expression: string
}

/** The expressions of the dashboard's panels. */
export function dashboardQueries(): readonly Query[] {
  return readDashboard().panels.flatMap(({ title, targets = [] }) =>
    targets.map(({ expr }) => ({ at: title, expression: expr })),
  )
}

export interface Dashboard {
  readonly panels: readonly {
    readonly title: string
    readonly type: string
    readonly targets?: readonly { readonly expr: string }[]
  }[]
}

export function readDashboard(): Dashboard {
  return JSON.parse(readFileSync(join(deploy, 'grafana-dashboard.json'), 'utf8'))
}

/** The expressions of the alerts: `expr:` and what is indented below it. */
export function ruleQueries(): readonly Query[] {
  const text = readFileSync(join(deploy, 'prometheus-rules.yaml'), 'utf8')
  return text
    .split(/^ {6}- alert: /m)
    .slice(1)
    .map((alert) => ({
      at: alert.split('\n', 1)[0] as string,
      expression: (/^ {8}expr: (.*(?:\n {10}.*)*)/m.exec(alert)?.[1] ?? '').replace(/^\|/, ''),
    }))
}

/** Metrics that a query names, each with the labels that it matches on. */
export function metricsIn(expression: string): readonly { name: string; labels: readonly string[] }[] {
  const found = expression.matchAll(/\b((?:coatcheck|process|nodejs)_\w+)(?:\{([^}]*)\})?/g)
  return [...found].map(([, name, matchers = '']) => ({
    name: name as string,
    labels: [...matchers.matchAll(/(\w+)\s*(?:=~|!~|!=|=)/g)].map(([, label]) => label as string),
  }))
}

/** Labels that a query groups by. */
export function groupsIn(expression: string): readonly string[] {
  return [...expression.matchAll(/\b(?:by|without)\s*\(([^)]*)\)/g)].flatMap(([, labels = '']) =>
    labels.split(',').map((label) => label.trim()),
  )
}
