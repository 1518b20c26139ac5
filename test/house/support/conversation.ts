/** A program that runs while a test looks at what it prints, and does something about it. */
import { type ChildProcess, spawn } from 'node:child_process'
import type { TestContext } from 'vitest'
import { type Ended, REPOSITORY } from './processes.ts'

/** A running program. */
export class Conversation {
  readonly #child: ChildProcess
  readonly #ended: Promise<Ended>
  #stdout = ''
  #stderr = ''
  #heard: () => void = () => undefined

  /**
   * Runs a TypeScript file with tsx.
   *
   * @param onTestFinished - of the test: nobody shall live on.
   */
  constructor(file: string, args: readonly string[], onTestFinished: TestContext['onTestFinished']) {
    const { PATH, HOME } = process.env
    const child = spawn(process.execPath, ['--import', 'tsx', file, ...args], {
      cwd: REPOSITORY,
      env: { PATH, HOME, NO_COLOR: '1' },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      this.#stdout += text
      this.#heard()
    })
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr += text
      this.#heard()
    })
    onTestFinished(() => {
      child.kill('SIGKILL')
    })
    this.#child = child
    this.#ended = new Promise((resolve) => {
      child.on('close', (code) => {
        resolve({ stdout: this.#stdout, stderr: this.#stderr, code: code ?? Number.NaN })
      })
    })
  }

  /** Waits until it has printed `text`, on whichever stream. It is the test's time limit that ends a wait in vain. */
  async until(text: string): Promise<void> {
    while (!this.#stdout.includes(text) && !this.#stderr.includes(text))
      await new Promise<void>((resolve) => {
        this.#heard = resolve
      })
  }

  /** Sends it a signal, and waits for its end. */
  async end(signal: NodeJS.Signals): Promise<Ended> {
    this.#child.kill(signal)
    return await this.#ended
  }

  /** Reads its output no more. */
  hangUp(): void {
    this.#child.stdout?.destroy()
  }

  /** Waits for its end. */
  async ended(): Promise<Ended> {
    return await this.#ended
  }
}
