/** One thing that doctor looked at. */
export interface Finding {
  /** `redis`, `database`, `provider kakao`, `api /api`, … */
  readonly area: string
  readonly level: 'ok' | 'warning' | 'failed'
  /** What was seen. Never a secret. */
  readonly seen: string
  /** What to do about it. */
  readonly advice?: string
}

export function ok(area: string, seen: string): Finding {
  return { area, level: 'ok', seen }
}

export function warning(area: string, seen: string, advice: string): Finding {
  return { area, level: 'warning', seen, advice }
}

export function failed(area: string, seen: string, advice: string): Finding {
  return { area, level: 'failed', seen, advice }
}
