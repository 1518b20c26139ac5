/**
 * Short names for long things: a hash of 32 bits, and its form in letters and digits.
 *
 * Stands on nothing. Leaves to others what they name: a program, a schedule.
 */

/** Crockford's digits: no letter that is taken for a digit, and none that makes words of it. */
export const DIGITS = '0123456789abcdefghjkmnpqrstvwxyz'

/** Where a hash begins. */
export const HASH_START: number = 0x811c9dc5 | 0

/** Takes one more number into a hash: a step of FNV-1a, for a word instead of a byte. */
export function hashed(hash: number, word: number): number {
  const mixed = Math.imul(hash ^ word, 0x01000193)
  return mixed ^ (mixed >>> 15)
}

/** Takes a text into a hash, with its length, so that `ab`, `c` is not `a`, `bc`. */
export function hashedText(hash: number, text: string): number {
  let mixed = hashed(hash, text.length)
  for (let place = 0; place < text.length; place++) mixed = hashed(mixed, text.charCodeAt(place))
  return mixed
}

/** Spreads all of a hash over its low bits: the finaliser of murmur3. */
export function finished(hash: number): number {
  let mixed = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35)
  return (mixed ^ (mixed >>> 16)) >>> 0
}

/** How many digits a fingerprint has. */
export const FINGERPRINT_LENGTH = 6

/**
 * Gives a short name for some texts: six letters and digits, the same for the same texts on every machine.
 *
 * @param parts - the texts, in their order.
 */
export function fingerprint(parts: readonly string[]): string {
  let rest = finished(parts.reduce(hashedText, HASH_START))
  let name = ''
  for (let digit = 0; digit < FINGERPRINT_LENGTH; digit++) {
    name += DIGITS.charAt(rest & 31)
    rest >>>= 5
  }
  return name
}
