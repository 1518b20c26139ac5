/** What the command line says to words that start no program, here in this process. */
import { vi } from 'vitest'
import { command } from '../../../src/cli/command.ts'

/** What was said, and how the process would end. */
export interface Said {
  readonly stdout: string
  readonly stderr: string
  readonly code: typeof process.exitCode
}

/** Gives `words`, with spaces between, to the command line. */
export async function said(words: string): Promise<Said> {
  const before = process.exitCode
  const heard = { stdout: '', stderr: '' }
  const spies = (['stdout', 'stderr'] as const).map((stream) =>
    vi.spyOn(process[stream], 'write').mockImplementation((text) => {
      heard[stream] += String(text)
      return true
    }),
  )
  try {
    process.exitCode = 0
    await command(words === '' ? [] : words.split(' '))
    return { ...heard, code: process.exitCode }
  } finally {
    process.exitCode = before
    for (const spy of spies) spy.mockRestore()
  }
}
