import { describe, expect, it } from '@jest/globals'
import { documentsOf, read } from './yaml.ts'

interface Rules {
  readonly groups: readonly { readonly rules: readonly { readonly alert: string; readonly expr: string }[] }[]
}

const [rules] = documentsOf<Rules>('deploy/prometheus-rules.yaml')
const alerts = (rules as Rules).groups.flatMap((group) => group.rules.map(({ alert }) => alert))
const [, section = ''] = read('docs/operations.md').split('\n## Alerts\n')
const [table = ''] = section.split('\n## ')

describe('docs/operations.md, alerts', () => {
  it('has first steps for every alert, and for no other', () => {
    const described = [...table.matchAll(/^\| (Coatcheck\w+) \|/gm)].map(([, alert]) => alert)
    expect(described).toEqual(alerts)
  })
})
