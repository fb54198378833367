import { describe, expect, it } from '@jest/globals'
import { signUpWithGenerated } from './generated-run.ts'

describe('sign-up with 500 generated bodies', () => {
  it('answers 201, 409 or 422 with the right pointers, and stores nothing else', async () => {
    const tally = await signUpWithGenerated(500, 1)
    expect(Object.keys(tally).toSorted()).toEqual(['201', '409', '422'])
    expect(tally[201]).toBeGreaterThan(50)
    expect(tally[422]).toBeGreaterThan(50)
  })
})
