/** The bar of `crawler.ts`: on a terminal one line that grows, in a pipe a line at each fifth. */

const CELLS = 20
const LINES_IN_A_PIPE = 5

/** How far something has come. */
export class ProgressBar {
  readonly #all: number
  readonly #stdout: Pick<typeof process.stdout, 'isTTY' | 'write'>
  #done = 0

  /** @param all - how many steps there are. */
  constructor(all: number, stdout: Pick<typeof process.stdout, 'isTTY' | 'write'> = process.stdout) {
    this.#all = all
    this.#stdout = stdout
  }

  /** One more is done. */
  step(): void {
    this.#done++
    if (this.#stdout.isTTY) this.#stdout.write(`\r${this.#line()}`)
    else if (this.#done % (this.#all / LINES_IN_A_PIPE) === 0) this.#stdout.write(`${this.#line()}\n`)
  }

  /** There is no more to come. */
  end(): void {
    if (this.#stdout.isTTY) this.#stdout.write('\n')
  }

  #line(): string {
    const cells = Math.min(CELLS, Math.floor((this.#done / this.#all) * CELLS))
    return `[${'#'.repeat(cells)}${'-'.repeat(CELLS - cells)}] ${String(this.#done)} pages`
  }
}
