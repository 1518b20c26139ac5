/**
 * For the files that share a process (vitest.config.ts says which): each leaves the process as it found it, or fails.
 *
 * Looks at what one file could do to the next: patches of Node's objects, the hub's slot, settings of the library, the environment, listeners
 * of the process, and what is still open. A file that has to change them for good has a process of its own.
 */
import { config, getHub } from 'greenloop'
import { afterAll, expect } from 'vitest'
import { kernel } from '../../src/greenlet/kernel.ts'
import { changes, snapshot } from '../monkey/support/touched.ts'

/** How long what a file has closed may take to be gone. */
const CLOSING_MS = 1000

/** What there is one of in a process, by name. */
function settings(): Record<string, unknown> {
  const all: Record<string, unknown> = {
    'the hub': kernel.host,
    'config.debug': config.debug,
    'config.resolver': config.resolver,
    'config.switchIntervalMs': config.switchIntervalMs,
    'process.cwd()': process.cwd(),
    'process.exitCode': process.exitCode,
  }
  for (const [name, value] of Object.entries(process.env)) all[`process.env.${name}`] = value
  for (const name of process.eventNames().map(String))
    if (/^(?:SIG|uncaught|unhandled)/u.test(name)) all[`listeners of ${name}`] = process.listenerCount(name)
  return all
}

/** Sockets, servers, questions and children that keep the process alive; pipes are the runner's. */
function open(): string[] {
  return process.getActiveResourcesInfo().filter((name) => /^(?:TCP|UDP|TLS|GetAddr|Query|Process)/u.test(name))
}

/** What is not as it was when the file began. */
function left(): string[] {
  const now = settings()
  const names = new Set([...Object.keys(before), ...Object.keys(now)])
  const changed = [...names].filter((name) => !Object.is(before[name], now[name]))
  return [...changed, ...changes(objects), ...(isOpen() ? open().map((name) => `an open ${name}`) : [])]
}

/** Whether more is open than before; what the file before has left, it was told of. */
function isOpen(): boolean {
  return open().length > openBefore
}

getHub()
const before = settings()
const objects = snapshot()
const openBefore = open().length

// Registered first, so it runs behind those of the file itself.
afterAll(async () => {
  const limit = performance.now() + CLOSING_MS
  while (isOpen() && performance.now() < limit) await new Promise((resolve) => setTimeout(resolve, 5))
  expect(
    left(),
    'what the file leaves in the process that it shares (vitest.config.ts can give it one of its own)',
  ).toEqual([])
})
