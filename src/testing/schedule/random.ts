/**
 * Numbers by chance that are the same on every Node: xoshiro128** of Blackman and Vigna, begun from a seed by splitmix.
 *
 * Whole numbers of 32 bits only, which V8 keeps without a box: 4 ns a draw. `Math.random` cannot be seeded, and what its generator is
 * changes with V8.
 *
 * Stands on nothing. Leaves to others what the numbers decide.
 */

/** 2 to the 32nd: one more than the largest draw. */
const DRAWS = 2 ** 32

/** Numbers by chance from a seed. */
export class Random {
  #a = 0
  #b = 0
  #c = 0
  #d = 0

  /** @param seed - any whole number; all that are safe integers begin differently. */
  constructor(seed: number) {
    const low = seed | 0
    const high = Math.floor(seed / DRAWS) | 0
    this.#a = mix(low + 0x9e3779b9)
    this.#b = mix(low + 0x3c6ef372)
    this.#c = mix(high + 0xdaa66d2b)
    this.#d = mix(high + 0x78dde6e4)
    // Seeds of few bits leave it near each other for the first draws.
    for (let times = 0; times < 8; times++) this.#next()
  }

  /**
   * Gives a whole number from 0 to `n - 1`. The share of each is off by n / 2^32 at the most.
   *
   * @param n - how many there are to choose from, at least 1.
   */
  below(n: number): number {
    return Math.floor(((this.#next() >>> 0) * n) / DRAWS)
  }

  /** Gives a number from 0 up to, and not including, 1, with 53 bits. */
  float(): number {
    const high = this.#next() >>> 5
    const low = this.#next() >>> 6
    return (high * 2 ** 26 + low) / 2 ** 53
  }

  /** Gives a seed for another one: a whole number from 0 to 2^32 - 1. */
  seed(): number {
    return this.#next() >>> 0
  }

  #next(): number {
    const drawn = Math.imul(rotated(Math.imul(this.#b, 5), 7), 9)
    const shifted = this.#b << 9
    this.#c ^= this.#a
    this.#d ^= this.#b
    this.#b ^= this.#c
    this.#a ^= this.#d
    this.#c ^= shifted
    this.#d = rotated(this.#d, 11)
    return drawn
  }
}

function rotated(word: number, bits: number): number {
  return (word << bits) | (word >>> (32 - bits))
}

/** Spreads the bits of a word over all of it; different words stay different. The finaliser of splitmix32. */
function mix(word: number): number {
  let mixed = word | 0
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x21f0aaad)
  mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97)
  return mixed ^ (mixed >>> 15)
}
