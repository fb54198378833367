import { expect, it } from '@jest/globals'
import { findBadCallbacks } from '../support/callback-property.ts'

it('whatever a callback’s query says, the answer is one of the contract’s (80 of them here, 10,000 in test/long)', async () => {
  expect(await findBadCallbacks(80, 20261122)).toEqual([])
}, 60_000)
