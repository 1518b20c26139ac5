/** The bar of `crawler.ts` and `download.ts`: on a terminal one line that grows, in a pipe a line at each fifth. */

/** Has a terminal forget its line, and begin it anew. */
export const ERASE = '\r\u001B[K'

const CELLS = 20
const LINES_IN_A_PIPE = 5

/** How far something has come. */
export class ProgressBar {
  readonly #unit: string
  readonly #stdout: Pick<typeof process.stdout, 'isTTY' | 'write'>
  #fifth = 0
  #isShown = false

  /** @param unit - what is counted, such as `pages`. */
  constructor(unit: string, stdout: Pick<typeof process.stdout, 'isTTY' | 'write'> = process.stdout) {
    this.#unit = unit
    this.#stdout = stdout
  }

  /** So many are done, of so many. */
  show(done: number, all: number): void {
    const line = `${cells(done, all)} ${String(done)} ${this.#unit}`
    const fifth = Math.floor((done / all) * LINES_IN_A_PIPE)
    if (this.#stdout.isTTY) this.#stdout.write(ERASE + line)
    else if (fifth > this.#fifth) this.#stdout.write(`${line}\n`)
    this.#fifth = fifth
    this.#isShown = true
  }

  /** There is no more to come. */
  end(): void {
    if (this.#isShown && this.#stdout.isTTY) this.#stdout.write('\n')
  }
}

/** `[#####---------------]`: `done` of `all`. */
export function cells(done: number, all: number): string {
  const full = Math.min(CELLS, Math.floor((done / Math.max(all, 1)) * CELLS))
  return `[${'#'.repeat(full)}${'-'.repeat(CELLS - full)}]`
}
