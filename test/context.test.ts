// Async context costs nothing until it is used, and that is not to be seen: each scenario is the first use in a thread of its own, and is
// played once more in a thread where each greenlet has carried a context from the beginning.
import { AsyncLocalStorage } from 'node:async_hooks'
import { afterAll, describe, expect, it } from 'vitest'
import { compile } from './support/compiled.ts'

const compiled = compile()
const second = compiled.copy('second')
afterAll(() => {
  compiled.remove()
})

/** What a scenario of test/fixtures/context/scenarios.ts has seen. */
const play = (name: string, carried: boolean): Promise<unknown> =>
  compiled.run('scenario.js', { name, carried, second })

/** The scenario sees `expected`, and would have seen it with a context for each greenlet from the beginning. */
async function check(name: string, expected: unknown): Promise<void> {
  expect(await Promise.all([play(name, false), play(name, true)])).toEqual([expected, expected])
}

type Case = [title: string, scenario: string, expected: unknown]
const nothing = [undefined, undefined]

describe.concurrent('the first use in plain code', () => {
  it.each<Case>([
    [
      'by run() is seen by the greenlets that are made in it, and by no others',
      'run in main',
      { older: nothing, inside: ['main', 'main'], later: nothing, main: undefined },
    ],
    [
      'by enterWith() is seen by the greenlets that are made after it, and not by those made before and started later',
      'enterWith in main',
      { 'switched to from main': 'main', older: nothing, unstarted: nothing, later: ['main', 'main'], timer: 'main' },
    ],
    [
      'is not seen by greenlets made before that are resumed in the callback of run()',
      'greenlets made before, in the callback of somebody else',
      { started: undefined, resumed: undefined, raw: 'somebody', woken: undefined },
    ],
    [
      'holds in main over what it awaits, and in functions given to operations',
      'await of an operation in main',
      { 'after sleep': 'main', 'in a function given to an operation': 'main', 'after get': 'main', outside: undefined },
    ],
    [
      'by enterWith() in a function given to an operation stays there',
      'enterWith in a function given to an operation that main awaits',
      { inside: 'operation', main: undefined },
    ],
    [
      'by a tracer on the way back to main belongs to main, and the methods are put back',
      'enterWith in a tracer',
      {
        log: [
          ['greenlet', undefined],
          ['main', 'tracer'],
          ['later', 'tracer'],
        ],
        'put back': true,
      },
    ],
  ])('%s', (_title, scenario, expected) => check(scenario, expected))
})

describe.concurrent('the first use in a greenlet', () => {
  it.each<Case>([
    [
      'by enterWith() stays with it and with what it schedules, and nobody else sees it',
      'enterWith in a greenlet',
      {
        mine: [undefined, 'first', 'first', 'first', 'first', 'first'],
        timers: ['first'],
        promises: ['first'],
        'others that saw something': [],
        others: 12,
        main: undefined,
      },
    ],
    [
      'by enterWith() stays with it over switches to another one, which gets a store of its own, and over those to main',
      'enterWith in a greenlet, switching to another one and back',
      {
        log: [
          ['two', undefined],
          ['one', 'one'],
          ['two', undefined],
          ['one', 'one'],
          ['main', undefined],
          ['one', 'one'],
          ['two', 'two'],
          ['main', undefined],
        ],
      },
    ],
    [
      'may be of two storages in one step',
      'two storages in one step',
      {
        log: [
          ['before', ...nothing],
          ['first', 'z', 'y'],
          ['after', ...nothing],
          ['before', ...nothing],
          ['first', 'z', 'y'],
          ['after', ...nothing],
          ['first', 'z', 'y'],
          ['main', ...nothing],
        ],
      },
    ],
    [
      'by run() is seen by the greenlets that it makes in it',
      'run in a greenlet, and spawn in it',
      {
        parent: { older: nothing, child: ['run', 'run'], later: nothing, now: undefined, after: undefined },
        other: nothing,
        main: undefined,
      },
    ],
    [
      'by exit() hides its stores for the time of the call',
      'exit in a greenlet',
      { greenlet: [undefined, undefined, 'outer', undefined, 'outer'], other: undefined, main: undefined },
    ],
    [
      'by enterWith() inside run() ends with run() for the same storage, and stays for another',
      'enterWith inside run in a greenlet',
      {
        greenlet: [
          ['changed', 'kept'],
          [undefined, 'kept'],
          [undefined, 'kept'],
        ],
        other: nothing,
        main: nothing,
      },
    ],
    [
      'that dies of it leaves nothing behind',
      'enterWith in a greenlet that dies',
      { dies: 'dead', log: new Set([undefined]) },
    ],
    [
      'that throws leaves nothing behind, for the report of its failure neither',
      'enterWith in a greenlet that throws',
      { log: new Set([undefined]), entries: 8 },
    ],
    [
      'that is killed is still seen in its finally',
      'enterWith in a greenlet that is killed',
      { own: ['killed', 'killed'], log: new Set([undefined]) },
    ],
    [
      'that is thrown at is not seen by the one who has thrown',
      'enterWith in the finally of a greenlet that another one throws at',
      {
        log: [
          ['thrower', undefined],
          ['victim', 'victim'],
          ['main', undefined],
        ],
      },
    ],
    [
      'that main has switched to leaves nothing in main',
      'enterWith in a greenlet that main switches to',
      { main: undefined, 'greenlet later': 'greenlet', continuation: undefined },
    ],
    [
      'by a store bound to a diagnostics channel is seen by the greenlets that are made while it holds',
      'diagnostics_channel bindStore',
      { parent: { child: ['message', 'message'], sibling: nothing, after: undefined }, main: undefined },
    ],
    [
      'of a storage with a default leaves the default to others',
      'a storage with a default',
      { first: 'own', 'others see the default': true },
    ],
    [
      'of a storage that is disabled in the same step leaves it disabled',
      'a storage that is disabled in the same step',
      {
        log: [
          ['greenlet', undefined, 'y'],
          ['timer', undefined],
          ['main', undefined, undefined],
        ],
      },
    ],
  ])('%s', (_title, scenario, expected) => check(scenario, expected))

  // `using scope = storage.withScope(value)`, of Node 24 and up.
  const withScope = 'withScope' in AsyncLocalStorage.prototype
  it(`by withScope() holds over waits until its end${withScope ? '' : ' (this Node has no AsyncLocalStorage.prototype.withScope)'}`, async () => {
    if (withScope) {
      await check('withScope in a greenlet', {
        greenlet: ['scope', 'scope', undefined, undefined],
        other: undefined,
        main: undefined,
      })
    } else expect(Reflect.get(AsyncLocalStorage.prototype, 'withScope')).toBeUndefined()
  })
})

describe.concurrent('the first use in a raw greenlet', () => {
  it.each<Case>([
    [
      'that main has switched to is in the context of main',
      'enterWith in a raw greenlet driven from main',
      { main: 'raw', raw: 'raw', unstarted: undefined, older: undefined, elsewhere: undefined },
    ],
    [
      'that a greenlet has switched to is in the context of that greenlet',
      'enterWith in a raw greenlet that a greenlet has switched to',
      {
        log: [
          ['other raw', 'raw'],
          ['greenlet', 'raw'],
          ['partner', undefined],
          ['greenlet', 'raw'],
          ['main', undefined],
        ],
      },
    ],
    [
      'sees the store of the greenlet that resumes it',
      'enterWith in a raw greenlet that has made its switch from main to a greenlet',
      {
        log: [
          ['raw, in the context of the greenlet', 'greenlet'],
          ['main', undefined],
        ],
      },
    ],
  ])('%s', (_title, scenario, expected) => check(scenario, expected))
})

describe.concurrent('stores set before the library is loaded', () => {
  it.each<Case>([
    ['are seen when it is loaded inside run()', 'imported inside run', { child: 'older', outside: undefined }],
    [
      'are seen by greenlets that an older context makes later',
      'an older context goes on and spawns',
      { older: ['older', 'older'], elsewhere: undefined },
    ],
    [
      'are seen by greenlets that an older context makes in the turn in which one without stores has made some',
      'an older context goes on and spawns, after one without stores has in the same turn',
      { elsewhere: undefined, inside: 'older' },
    ],
    [
      'are seen by greenlets that a raw one makes in an older context',
      'an older context goes on and spawns in a raw greenlet',
      { inside: 'older' },
    ],
    [
      'are not seen by greenlets of others that an older context resumes or wakes',
      'an older context goes on and resumes',
      { woken: undefined, started: undefined },
    ],
    [
      'are seen in operations that an older context awaits',
      'an older context awaits an operation',
      { inside: 'older' },
    ],
    [
      'are noticed although the methods that set stores were taken from their places before',
      'methods captured before the import',
      { child: 'captured', greenlet: 'greenlet', other: undefined },
    ],
    [
      'are noticed although run() was taken from its place before, and is called in a greenlet',
      'run captured before the import, in a greenlet',
      { greenlet: ['captured', undefined, undefined], other: undefined },
    ],
    ['are not in an empty context', 'an empty context', { empty: nothing, changed: ['own', 'own'], another: nothing }],
  ])('%s', (_title, scenario, expected) => check(scenario, expected))
})

it.concurrent('a copy of the context that was made before the first use is shared by those who were given it', () =>
  check('copies of the context', {
    sharer: [undefined, 'shared'],
    first: ['shared', 'shared'],
    other: nothing,
    raw: 'shared',
    main: undefined,
  }))

describe.concurrent('the methods that are watched', () => {
  it('keep name, length, arguments and result, and are put back by the first use in plain code', async () => {
    expect(await play('the wrapped methods', false)).toEqual({
      'names and lengths are kept': true,
      wrapped: true,
      'a result and arguments': [1, 2, 'main'],
      'put back by run in main': true,
      child: 'x',
    })
  })

  it('are put back when the greenlet of the first use waits', () =>
    check('the methods after the first use in a greenlet', { 'put back': true }))

  it("are left to somebody else's wrapper that was put on top", async () => {
    expect(await play("somebody else's wrapper on top", false)).toEqual({
      greenlet: ['x', 'y'],
      other: undefined,
      'is left alone': true,
      'run is put back': true,
      main: undefined,
      calls: 2,
      'ours, put back by them, works': 'main',
    })
  })

  it('that cannot be replaced do no harm: contexts are carried from the beginning', () =>
    check('methods that cannot be replaced', { greenlet: 'x', other: undefined }))
})

describe.concurrent('two copies of the library in one process', () => {
  const seen = ['["child","first"]', '["first","first"]', '["main",null]', '["ours",null]', '["theirs",null]']
  it.each<Case>([
    ['notice a first use in a greenlet of the first', 'two copies, first use in a greenlet of the first', { seen }],
    ['notice a first use in a greenlet of the second', 'two copies, first use in a greenlet of the second', { seen }],
    [
      'share contexts when the second is loaded late, in a greenlet of the first',
      'a second copy loaded late',
      {
        log: [
          ['child', 'older'],
          ['child', 'older'],
        ],
      },
    ],
  ])('%s', (_title, scenario, expected) => check(scenario, expected))
})
