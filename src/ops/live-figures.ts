import { Counter, Gauge, type Registry } from 'prom-client'
import type { LiveConnections } from '../proxy/live-connections.ts'
import type { SessionFigures } from '../session/sessions.ts'

/** What rooms know by themselves: a hot path that adds to a plain number costs nothing, and a scrape asks for it. */
export interface LiveFigures {
  readonly sessions: SessionFigures
  readonly connections: () => LiveConnections
}

/** Metrics that are read when somebody looks; until `watch` has said where, they are 0. */
export function createLiveFigures(registers: Registry[]) {
  let figures: LiveFigures | undefined

  new Gauge({
    name: 'coatcheck_processes',
    help: 'Processes that this scrape is the sum of.',
    registers,
  }).set(1)
  new Gauge({
    name: 'coatcheck_connections',
    help: 'Live WebSockets and event streams.',
    labelNames: ['kind'],
    registers,
    collect() {
      const { webSockets = 0, eventStreams = 0 } = figures?.connections() ?? {}
      this.set({ kind: 'websocket' }, webSockets)
      this.set({ kind: 'event-stream' }, eventStreams)
    },
  })
  new Gauge({
    name: 'coatcheck_session_copies',
    help: 'Sessions that are opened in the memory of a process, by state.',
    labelNames: ['state'],
    registers,
    collect() {
      const { registering = 0, member = 0 } = figures?.sessions.copies() ?? {}
      this.set({ state: 'registering' }, registering)
      this.set({ state: 'member' }, member)
    },
  })
  new Gauge({
    name: 'coatcheck_session_staleness_seconds',
    help: 'How stale an answer from memory was at most since the last scrape.',
    registers,
    aggregator: 'max',
    collect() {
      this.set((figures?.sessions.stalestMs() ?? 0) / 1000)
    },
  })
  new Counter({
    name: 'coatcheck_session_reads_total',
    help: 'Session reads by where the answer was.',
    labelNames: ['from'],
    registers,
    collect() {
      this.reset()
      this.inc({ from: 'memory' }, figures?.sessions.readsFromMemory() ?? 0)
      this.inc({ from: 'store' }, figures?.sessions.readsFromStore() ?? 0)
    },
  })

  return {
    watch(watched: LiveFigures) {
      figures = watched
    },
  }
}
