import { describe, expect, it } from '@jest/globals'
import { signUpWithGenerated } from '../signup/generated-run.ts'

describe('sign-up with 10,000 generated bodies', () => {
  it.each([2, 3, 5, 7])('answers 201, 409 or 422 with the right pointers (seed %i)', async (seed) => {
    const tally = await signUpWithGenerated(2500, seed)
    expect(Object.keys(tally).toSorted()).toEqual(['201', '409', '422'])
  })
})
