// greenloop/no-floating-operation: what it finds, what it says, what it makes of it, and what it leaves alone.
import { describe, expect, it } from 'vitest'
import { callbacks, conditions, dropped, handedOn, inside, valid } from './floating-cases.ts'
import { lintAll } from './support.ts'

const mistakes = [...dropped, ...inside, ...handedOn, ...callbacks, ...conditions]
const found = lintAll([...mistakes.map(({ code }) => code), ...Object.values(valid)])
const fixable = mistakes.flatMap(({ title, fixed }) => (fixed === null ? [] : [{ title, fixed }]))
const again = lintAll(fixable.map(({ fixed }) => fixed))

describe.each([
  ['a value that is lost', dropped],
  ['a value that is lost in an expression', inside],
  ['a value that is handed on, and not driven', handedOn],
  ['a function that is handed to somebody who wants nothing', callbacks],
  ['a condition', conditions],
])('%s', (_, group) => {
  it.each(group)('$title is a mistake', (mistake) => {
    const linted = found[mistakes.indexOf(mistake)]
    expect(linted?.messages.map(({ ruleId, message }) => [ruleId, message])).toEqual([
      ['greenloop/no-floating-operation', mistake.message],
    ])
    expect(linted?.fixed).toBe(mistake.fixed ?? mistake.code)
  })
})

describe('the fix', () => {
  it.each(fixable)('of $title compiles and lints clean', ({ fixed }) => {
    const linted = again[fixable.findIndex((one) => one.fixed === fixed)]
    expect(linted?.messages).toEqual([])
    expect(linted?.errors()).toEqual([])
  })
})

describe('no mistake is', () => {
  it.each(Object.entries(valid))('%s', (_, code) => {
    const linted = found[mistakes.length + Object.values(valid).indexOf(code)]
    expect(linted?.messages).toEqual([])
    expect(linted?.errors()).toEqual([])
  })
})

/** Declarations of something called `op`, of which a statement `op` is a mistake. */
const types: Readonly<Record<string, string>> = {
  'an alias': 'type Wait = Operation<number>; declare const op: Wait',
  'a union': 'declare const op: Operation<number> | Green<string>',
  'an intersection': 'declare const op: Operation<number> & { name: string }',
  'an interface that extends it': 'interface Wait extends Operation<number> { name: string }; declare const op: Wait',
  'a class that is its own iterator':
    'declare class Wait<T> implements Operation<T> { [Symbol.iterator](): this; next(): ReturnType<Green<T>["next"]>; then: Operation<T>["then"] }; declare const op: Wait<number>',
  'a type parameter': 'export function* f<T extends Operation<number>>(op: T) { op }',
  'a generator that is inferred': 'function* own() { yield* sleep(1) }; const op = own()',
}
const ofTypes = lintAll(Object.values(types).map((code) => (code.includes('{ op }') ? code : `${code}; op`)))

describe('what it is, it tells by the type:', () => {
  it.each([...Object.keys(types).entries()])('%i %s', (n) => {
    expect(ofTypes[n]?.errors()).toEqual([])
    expect(ofTypes[n]?.messages.map(({ messageId }) => messageId)).toEqual(['bare'])
  })
})

it('at the top of a CommonJS module there is no await', () => {
  const [linted] = lintAll(['sleep(1)'], 'cts')
  expect(linted?.messages.map(({ message, fix }) => [message, fix])).toEqual([
    [
      '`sleep(1)` is an operation that nobody drives, so nothing happens.\n\n' +
        '  sleep(1)          // incorrect: dropped\n' +
        '  spawn(sleep, 1)   // correct: a greenlet waits',
      undefined,
    ],
  ])
})
