import { type Finding, failed, ok, warning } from './finding.ts'
import type { Observation } from './observed-fetch.ts'

/** Beyond this ID tokens are refused as expired or not yet valid. */
const toleratedMs = 30_000
const noticeableMs = 5_000

/** Compares our clock with everybody’s that told theirs. The median counts: one of them may be wrong. */
export function examineClock(observations: readonly Observation[]): readonly Finding[] {
  const ahead = observations.flatMap(({ clockAheadMs }) => clockAheadMs ?? []).sort((a, b) => a - b)
  const middle = ahead[Math.floor(ahead.length / 2)]
  if (middle === undefined) return []
  const seconds = Math.round(Math.abs(middle) / 1000)
  const seen = `this machine’s clock is ${seconds} s ${middle > 0 ? 'behind' : 'ahead of'} the others’`
  const advice =
    'switch on time synchronisation (NTP): tokens are refused when clocks differ by more than 30 s'
  if (Math.abs(middle) > toleratedMs) return [failed('clock', seen, advice)]
  if (Math.abs(middle) > noticeableMs) return [warning('clock', seen, advice)]
  return [ok('clock', 'agrees with the others’ Date headers')]
}
