import cluster, { type Worker } from 'node:cluster'
import { createMetricsSum, type MetricsReport } from '../ops/metrics-sum.ts'

/** What workers and the first process say to each other, over Node's channel between them. */
type Message =
  | { readonly coatcheck: 'scrape'; readonly id: number }
  | { readonly coatcheck: 'report-wanted'; readonly round: number }
  | { readonly coatcheck: 'report'; readonly round: number; readonly report: MetricsReport }
  | { readonly coatcheck: 'scraped'; readonly id: number; readonly text: string }

/** A worker that is too busy to answer is summed up as it was, and counted as absent. */
const reportWithinMs = 1_000
const scrapeWithinMs = 3_000

/** Whoever asked waits for a while and says that there was no answer: no reason to end a process that serves people. */
function leftUnanswered(): void {}

/** In the first process: a scrape that reaches any worker is answered with the sum over all of them. */
export function sumUpWorkers(): void {
  const sum = createMetricsSum()
  let round = 0
  let gathering: Promise<string> | undefined
  const listeners = new Set<(worker: Worker, message: Message) => void>()

  function gather(): Promise<string> {
    round += 1
    const mine = round
    const workers = Object.values(cluster.workers ?? {}).filter((worker) => worker?.isConnected())
    const reports = new Map<number, MetricsReport>()
    const { promise, resolve } = Promise.withResolvers<void>()
    const listener = (worker: Worker, message: Message) => {
      if (message.coatcheck !== 'report' || message.round !== mine) return
      reports.set(worker.id, message.report)
      if (reports.size === workers.length) resolve()
    }
    listeners.add(listener)
    const timer = setTimeout(resolve, reportWithinMs)
    for (const worker of workers) worker?.send({ coatcheck: 'report-wanted', round } satisfies Message)
    return promise
      .then(() => sum.of(reports))
      .finally(() => {
        clearTimeout(timer)
        listeners.delete(listener)
        gathering = undefined
      })
  }

  cluster.on('message', (worker, message: Message) => {
    for (const listener of listeners) listener(worker, message)
    if (message.coatcheck !== 'scrape') return
    gathering ??= gather()
    gathering.then((text) => {
      if (worker.isConnected()) worker.send({ coatcheck: 'scraped', id: message.id, text } satisfies Message)
    }, leftUnanswered)
  })
  cluster.on('exit', ({ id }) => sum.ended(id))
}

let scrapes = 0

/** In a worker: the metrics of all workers. Rejects when the first process does not answer: half a sum would be a lie. */
export function scrapeAll(): Promise<string> {
  scrapes += 1
  const id = scrapes
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  const listener = (message: Message) => {
    if (message.coatcheck === 'scraped' && message.id === id) resolve(message.text)
  }
  process.on('message', listener)
  const timer = setTimeout(() => reject(new Error('no answer from the first process')), scrapeWithinMs)
  process.send?.({ coatcheck: 'scrape', id } satisfies Message)
  return promise.finally(() => {
    clearTimeout(timer)
    process.off('message', listener)
  })
}

/** In a worker: answers the first process with this process's own metrics. */
export function reportMetrics(own: () => Promise<MetricsReport>): void {
  process.on('message', (message: Message) => {
    if (message.coatcheck !== 'report-wanted') return
    const { round } = message
    own().then(
      (report) => process.send?.({ coatcheck: 'report', round, report } satisfies Message),
      leftUnanswered,
    )
  })
}
