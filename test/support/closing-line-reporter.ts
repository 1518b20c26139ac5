// Says `tests: 120 passed, 0 failed` (and `, 2 skipped` if any) as the very last line of a run, below the coverage
// table, which vitest prints after its own summary. Stands on vitest's reporter interface; the default reporter tells
// everything else. It counts, it does not judge: a missed coverage threshold shows in the table and in the exit code.
import type { Reporter, SerializedError, TestModule, Vitest } from 'vitest/node'

export class ClosingLineReporter implements Reporter {
  #watching = false
  #line: string | undefined

  onInit(vitest: Vitest): void {
    this.#watching = vitest.config.watch
    // The exit of the process is the only moment that is certainly later than the coverage table.
    if (!this.#watching)
      process.once('exit', () => {
        this.#print()
      })
  }

  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly SerializedError[]): void {
    const count = { passed: 0, failed: unhandledErrors.length, skipped: 0 }
    for (const module of modules) {
      // A file that could not be collected, or a suite whose hook failed, has no failed test to show for it.
      count.failed += module.errors().length
      for (const suite of module.children.allSuites()) count.failed += suite.errors().length
      for (const test of module.children.allTests()) {
        const { state } = test.result()
        // A test that never got to a result (its file died, the run was cut short) did not pass.
        count[state === 'pending' ? 'failed' : state]++
      }
    }
    const skipped = count.skipped > 0 ? `, ${count.skipped} skipped` : ''
    this.#line = `tests: ${count.passed} passed, ${count.failed} failed${skipped}`
    if (this.#watching) this.#print()
  }

  #print(): void {
    if (this.#line !== undefined) process.stdout.write(`${this.#line}\n`)
  }
}
