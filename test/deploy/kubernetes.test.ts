import { describe, expect, it } from '@jest/globals'
import { duration } from '../../src/config/grammar.ts'
import { variable } from '../../src/config/variables.ts'
import { problemsOf } from '../config/environment.ts'
import { documentsOf } from './yaml.ts'

interface Probe {
  readonly httpGet: { readonly path: string; readonly port: string }
  readonly periodSeconds: number
  readonly failureThreshold?: number
}

interface Container {
  readonly envFrom: readonly object[]
  readonly env: readonly object[]
  readonly ports: readonly { readonly name: string; readonly containerPort: number }[]
  readonly livenessProbe: Probe
  readonly readinessProbe: Probe
  readonly startupProbe: Probe
  readonly lifecycle: { readonly preStop: { readonly sleep: { readonly seconds: number } } }
  readonly resources: {
    readonly requests: { readonly cpu: string; readonly memory: string }
    readonly limits: { readonly cpu?: string; readonly memory: string }
  }
  readonly securityContext: object
  readonly volumeMounts: readonly { readonly name: string; readonly mountPath: string }[]
}

interface Resource {
  readonly kind: string
  readonly metadata: { readonly name: string }
  // biome-ignore lint/suspicious/noExplicitAny: each kind has a shape of its own
  readonly spec: any
  readonly data: Readonly<Record<string, string>>
}

const resources = documentsOf<Resource>('deploy/kubernetes.yaml')
const one = (kind: string) => resources.find((resource) => resource.kind === kind) as Resource
const settings = one('ConfigMap').data
const { spec } = one('Deployment')
const pod = spec.template.spec
const container: Container = pod.containers[0]
const mebibytes = (quantity: string) => Number(/^(\d+)Mi$/.exec(quantity)?.[1])

/** What the comments at the top put into Secrets and files. */
const secrets = {
  SESSION_SECRET: 'x'.repeat(32),
  REDIS_URL: 'rediss://redis.internal:6379',
  DATABASE_URL: 'postgres://db.internal/coatcheck',
  ...Object.fromEntries(['KAKAO', 'NAVER', 'GOOGLE'].map((id) => [`${id}_CLIENT_SECRET`, 'x'])),
}
const keys = { '/etc/coatcheck/keys.json': '{"keys":[{"kty":"EC","d":"x"}]}' }

describe('deploy/kubernetes.yaml', () => {
  it('is what an instance needs', () => {
    expect(resources.map(({ kind }) => kind)).toEqual([
      'ConfigMap',
      'Deployment',
      'PodDisruptionBudget',
      'NetworkPolicy',
      'Service',
      'Ingress',
    ])
  })

  it('sets variables that exist, to what a start takes', () => {
    expect(Object.keys(settings).filter((name) => !variable(name))).toEqual([])
    expect(Object.values(settings).every((value) => typeof value === 'string')).toBe(true)
    expect(problemsOf({ ...settings, ...secrets }, keys)).toEqual([])
  })

  it('starts no pod whose users would live in a file of its own', () => {
    expect(spec.replicas).toBeGreaterThan(1)
    expect(container.env).toContainEqual({
      name: 'DATABASE_URL',
      valueFrom: { secretKeyRef: { name: 'coatcheck', key: 'DATABASE_URL' } },
    })
  })

  it('lets in the ingress controller, and the monitoring to the metrics alone', () => {
    const policy = one('NetworkPolicy').spec
    expect(policy.podSelector.matchLabels).toEqual(spec.selector.matchLabels)
    expect(policy.policyTypes).toEqual(['Ingress'])
    const allowed = policy.ingress.map(({ from, ports }: { from: object[]; ports: { port: string }[] }) => [
      from.length,
      ports.map(({ port }) => port),
    ])
    expect(allowed).toEqual([
      [1, ['http']],
      [1, ['ops']],
    ])
  })

  it('leaves secrets out of what everybody may read', () => {
    expect(Object.keys(settings).filter((name) => /SECRET|ADMIN_KEY|REDIS|DATABASE/.test(name))).toEqual([])
  })

  it('asks the server itself how it is, where it listens', () => {
    const ports = Object.fromEntries(container.ports.map(({ name, containerPort }) => [name, containerPort]))
    expect(ports).toEqual({ http: 3000, ops: Number(settings['OPS_PORT']) })
    const { livenessProbe, readinessProbe, startupProbe } = container
    // A Redis that is away is a reason to send nobody here, and none to start anew.
    expect(livenessProbe.httpGet).toEqual({ path: '/healthz', port: 'http' })
    expect(readinessProbe.httpGet).toEqual({ path: '/readyz', port: 'http' })
    expect(startupProbe.httpGet).toEqual({ path: '/healthz', port: 'http' })
    const startsWithin = startupProbe.periodSeconds * (startupProbe.failureThreshold ?? 3)
    expect(startsWithin).toBeGreaterThanOrEqual(20)
  })

  it('gives a pod the time to end that it takes', () => {
    const pause = container.lifecycle.preStop.sleep.seconds
    const ends = duration.parse(settings['SHUTDOWN_TIMEOUT']) / 1000
    expect(pause).toBeGreaterThan(0)
    expect(pod.terminationGracePeriodSeconds).toBeGreaterThan(pause + ends)
  })

  it('always leaves an instance standing', () => {
    expect(spec.replicas).toBeGreaterThan(one('PodDisruptionBudget').spec.minAvailable)
    expect(spec.strategy.rollingUpdate).toEqual({ maxSurge: 1, maxUnavailable: 0 })
  })

  it('may do little', () => {
    expect(pod.automountServiceAccountToken).toBe(false)
    expect(pod.securityContext).toMatchObject({
      runAsNonRoot: true,
      runAsUser: 1000,
      seccompProfile: { type: 'RuntimeDefault' },
    })
    expect(container.securityContext).toEqual({
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    })
    const volumes = new Set(pod.volumes.map(({ name }: { name: string }) => name))
    expect(container.volumeMounts.filter(({ name }) => !volumes.has(name))).toEqual([])
    expect(container.volumeMounts.map(({ mountPath }) => mountPath)).toEqual(
      expect.arrayContaining(['/data', '/tmp']),
    )
  })

  it('reserves what was measured (docs/operations.md), and leaves room for sessions in memory', () => {
    const { requests, limits } = container.resources
    expect(mebibytes(requests.memory)).toBeGreaterThanOrEqual(170)
    expect(mebibytes(limits.memory)).toBeGreaterThanOrEqual(170 + 128 + 128)
    // A limit on CPU makes every call late that comes in the wrong tenth of a second.
    expect(limits.cpu).toBeUndefined()
  })

  it('is found by its labels, and metrics stay inside', () => {
    const { labels, annotations } = spec.template.metadata
    for (const selector of [
      spec.selector.matchLabels,
      one('Service').spec.selector,
      one('PodDisruptionBudget').spec.selector.matchLabels,
      pod.topologySpreadConstraints[0].labelSelector.matchLabels,
    ])
      expect(labels).toMatchObject(selector)
    expect(annotations['prometheus.io/port']).toBe(settings['OPS_PORT'])
    expect(one('Service').spec.ports).toEqual([{ name: 'http', port: 80, targetPort: 'http' }])
  })

  it('leads the public name, by https, to the service', () => {
    const { rules, tls } = one('Ingress').spec
    const { host } = new URL(settings['PUBLIC_URL'] ?? '')
    expect(rules.map((rule: { host: string }) => rule.host)).toEqual([host])
    expect(tls[0].hosts).toEqual([host])
    const { service } = rules[0].http.paths[0].backend
    expect(service).toEqual({ name: one('Service').metadata.name, port: { name: 'http' } })
  })
})
