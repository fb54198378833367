/** A number in [0, 1), the same sequence for the same seed. */
export type Random = () => number

/** A small seeded generator (mulberry32): a property that failed once fails again by its seed. */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** A whole number from 0, below `sides`. */
export type Dice = (sides: number) => number

export function createDice(seed: number): Dice {
  const random = seededRandom(seed)
  return (sides) => Math.floor(random() * sides)
}
