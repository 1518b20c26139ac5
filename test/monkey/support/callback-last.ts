/**
 * Finds out which functions of Node take their callback last and throw when it is missing, by calling them without one.
 *
 * As a program it adds what this Node has to `src/monkey/patches/callback-last.ts`, which says for all Nodes together:
 *
 *   node --import tsx test/monkey/support/callback-last.ts
 *
 * A function is called with no argument, and with one more each time that it says by its error which one it misses: `The "hostname"
 * argument must be ...`. When that is the callback, it takes one, and it takes it last unless it also takes one in the first place, as
 * `setTimeout` does.
 */
import dns from 'node:dns'
import fs, { readFileSync, writeFileSync } from 'node:fs'
import stream from 'node:stream'
import timers from 'node:timers'
import { fileURLToPath } from 'node:url'
import { CALLBACK_LAST } from '../../../src/monkey/patches/callback-last.ts'

/** Some functions of Node. */
export interface Group {
  /** The object that has them. */
  readonly object: object
  /** What they are called on. */
  readonly self?: object
  /** What is given for an argument of a name. */
  readonly samples?: Readonly<Record<string, unknown>>
  /** Functions that must not be called just so. */
  readonly without?: readonly string[]
}

/** The names of a list of {@link CALLBACK_LAST}. */
export type GroupName = keyof typeof CALLBACK_LAST

const names = { name: 'localhost', hostname: 'localhost', address: '127.0.0.1', port: 80, rrtype: 'A' }

/** A descriptor that nobody has: a call that gets by is answered with EBADF. */
const NO_DESCRIPTOR = 2 ** 31 - 1
/** A name in a folder that is not there: nothing can be made, changed or removed by it. */
const NOWHERE = '/greenloop/is/not/here'

const files = {
  path: NOWHERE,
  oldPath: NOWHERE,
  existingPath: NOWHERE,
  newPath: NOWHERE,
  target: NOWHERE,
  src: NOWHERE,
  dest: NOWHERE,
  prefix: NOWHERE,
  fd: NO_DESCRIPTOR,
  mode: 0,
  uid: 0,
  gid: 0,
  atime: 0,
  mtime: 0,
  time: 0,
  len: 0,
  buffer: Buffer.alloc(1),
  buffers: [],
}
/** What would do its work without a callback: it has none, need not be given it, or, as `rm`, misses it only when all is done. */
const filesWithout = Object.keys(fs).filter((name) =>
  /Sync$|Stream$|^(?:_|close$|lchmod$|openAsBlob$|rm$|Stats$|unwatch|watch)/u.test(name),
)

/** Where is looked. Child processes, compression and the like have their place here. */
export const GROUPS: Readonly<Record<GroupName, Group>> = {
  dns: { object: dns, samples: names },
  'dns.Resolver': { object: dns.Resolver.prototype, self: new dns.Resolver(), samples: names },
  fs: { object: fs, samples: files, without: filesWithout },
  stream: { object: stream },
  // What is left out is deprecated, says so when it is called, and takes no callback.
  timers: { object: timers, without: ['active', 'enroll', 'unenroll', '_unrefActive'] },
}

/** The names of those functions of a group that take their callback last and throw without it, sorted. */
export function callbackLast({ object, self, samples = {}, without = [] }: Group): string[] {
  return Object.keys(object)
    .filter((name) => {
      const { value } = Object.getOwnPropertyDescriptor(object, name) ?? {}
      return typeof value === 'function' && !isClass(value as object) && !without.includes(name)
    })
    .filter((name) => takesCallbackLast(Reflect.get(object, name) as Called, self ?? object, samples))
    .sort()
}

type Called = (...args: unknown[]) => unknown

/** What Node calls a callback. That of `pipeline` is the last of those that it is given. */
const CALLBACKS: readonly string[] = ['callback', 'cb', 'streams[stream.length - 1]']

function isClass(fn: object): boolean {
  return 'prototype' in fn && /^[A-Z]/u.test((fn as { name?: string }).name ?? '')
}

function takesCallbackLast(fn: Called, self: object, samples: Readonly<Record<string, unknown>>): boolean {
  const args: unknown[] = []
  for (;;) {
    const missing = missed(fn, self, args)
    if (missing.some((name) => CALLBACKS.includes(name))) return missed(fn, self, [() => undefined]).length > 0
    const [name = ''] = missing
    if (!(name in samples) || args.length > fn.length) return false
    args.push(samples[name])
  }
}

/** Which arguments a call says that it misses. A timer that it starts is stopped. */
function missed(fn: Called, self: object, args: readonly unknown[]): string[] {
  try {
    const made = fn.apply(self, [...args]) as { close?: () => void; _onImmediate?: unknown } | undefined
    if (made !== undefined && '_onImmediate' in made) timers.clearImmediate(made as NodeJS.Immediate)
    else if (typeof made?.close === 'function') made.close()
    return []
  } catch (error) {
    const { message } = error as Error
    const [list = ''] = /^The (.*) (?:arguments?|property) must be/u.exec(message) ?? []
    return [...list.matchAll(/"([^"]+)"/gu)].map(([, name = '']) => name)
  }
}

/** The lists as the file has them, with what this Node adds. */
function united(): Record<string, string[]> {
  return Object.fromEntries(
    Object.entries(GROUPS).map(([name, group]) => [
      name,
      [...new Set([...CALLBACK_LAST[name as GroupName], ...callbackLast(group)])].sort(),
    ]),
  )
}

const [, program = ''] = process.argv
if (program === fileURLToPath(import.meta.url)) {
  const path = fileURLToPath(new URL('../../../src/monkey/patches/callback-last.ts', import.meta.url))
  const text = readFileSync(path, 'utf8')
  const lists = Object.entries(united()).map(([name, list]) => {
    const key = /^\w+$/u.test(name) ? name : `'${name}'`
    return `  ${key}: [${list.map((item) => `\n    '${item}',`).join('')}${list.length > 0 ? '\n  ' : ''}],\n`
  })
  writeFileSync(path, text.replace(/(?<=CALLBACK_LAST = \{\n).*(?=\} as const)/su, lists.join('')))
}
