import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  ParentBasedSampler,
  type Sampler,
  TraceIdRatioBasedSampler,
} from '@opentelemetry/sdk-trace'

/**
 * OTEL_TRACES_SAMPLER and its argument, as the specification has them; without them every trace, unless its caller has decided.
 * undefined: no sampler has this name, or no share this argument.
 */
export function samplerNamed(name = 'parentbased_always_on', argument = '1'): Sampler | undefined {
  const [, parentBased, kind] = /^(parentbased_)?(always_on|always_off|traceidratio)$/.exec(name) ?? []
  const share = Number(argument)
  if (kind === undefined || (kind === 'traceidratio' && !(share >= 0 && share <= 1))) return undefined
  const root =
    kind === 'traceidratio'
      ? new TraceIdRatioBasedSampler(share)
      : kind === 'always_on'
        ? new AlwaysOnSampler()
        : new AlwaysOffSampler()
  return parentBased ? new ParentBasedSampler({ root }) : root
}
