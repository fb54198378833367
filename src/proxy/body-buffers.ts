const collectEveryBytes = 8 * 1024 * 1024

let passed = 0

/**
 * Told of each piece of a body that passes. Node reads bodies into buffers of 64 KB outside its heap. They die at once, but V8
 * looks for the dead among them by marking the whole heap, every 64 MB; a collection of the young objects alone frees them
 * in 1 ms. Needs Node's `--expose-gc`, as `npm start` has it; without it large bodies cost up to twice the CPU.
 */
export function bodyPassed(bytes: number): void {
  passed += bytes
  if (passed < collectEveryBytes) return
  passed = 0
  globalThis.gc?.({ type: 'minor' })
}
