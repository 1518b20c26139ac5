/**
 * Columns of numbers, unpacked: the other end of src/trace/pictures/packed.ts.
 */
const DIGITS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'

const VALUES = new Uint8Array(128)
for (let value = 0; value < DIGITS.length; value++) VALUES[DIGITS.charCodeAt(value)] = value

/** The numbers of a column. */
export function unpack(column: string): Float64Array {
  const numbers = new Float64Array(column.length)
  let count = 0
  let value = 0
  let scale = 1
  for (let at = 0; at < column.length; at++) {
    const digit = VALUES[column.charCodeAt(at)] ?? 0
    value += (digit & 31) * scale
    if (digit >= 32) {
      scale *= 32
      continue
    }
    numbers[count++] = value % 2 === 0 ? value / 2 : (1 - value) / 2
    value = 0
    scale = 1
  }
  return numbers.subarray(0, count)
}
