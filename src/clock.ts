/** The time now, in milliseconds since the epoch. Handed to every room, so that tests advance time and never sleep. */
export type Clock = () => number
