import { expect, it } from '@jest/globals'
import { findBadCallbacks } from '../support/callback-property.ts'

it.each([1, 2, 3, 4, 5])('2,000 hostile callbacks (seed %i) get answers of the contract', async (seed) => {
  expect(await findBadCallbacks(2000, seed)).toEqual([])
})
