// The snippets of Node's documentation on timers, those of other pages that are about a timer included.
import { AsyncLocalStorage } from 'node:async_hooks'
import { mock } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import type { Snippet, Stage } from './stage.ts'

const PROMISES = '@types/node/timers/promises.d.ts'
const TEST = '@types/node/test.d.ts'

/** Makes mocks, as `test` makes them for each of its tests. */
const Mocks = mock.constructor as new () => typeof mock

/** `test` of node:test, without its reports: the body is run with mocks that are taken back. */
async function withMocks(stage: Stage): Promise<void> {
  const test = (title: string, body: (context: object) => void): void => {
    const mocks = new Mocks()
    stage.defer(() => mocks.reset())
    body({ mock: mocks })
    stage.log('passed:', title)
  }
  await stage.run({ test })
}

const mocks: readonly (readonly [name: string, words: string])[] = [
  ['tick', "apis: ['setTimeout'] });\n\n  setTimeout(fn, 9999)"],
  ['tick three times', 'const nineSecs = 9000'],
  ['tick with Date', 'assert.strictEqual(Date.now(), 0)'],
]

export const timersSnippets: readonly Snippet[] = [
  {
    subject: 'timers',
    name: 'timersPromises.setTimeout',
    file: PROMISES,
    words: "await setTimeout(100, 'result')",
    swaps: [['100', '2']],
    shows: 'result',
    async around(stage) {
      await stage.run()
    },
  },
  {
    subject: 'timers',
    name: 'timersPromises.setImmediate',
    file: PROMISES,
    words: "await setImmediate('result')",
    shows: 'result',
    async around(stage) {
      await stage.run()
    },
  },
  {
    subject: 'timers',
    name: 'timersPromises.setInterval',
    file: PROMISES,
    words: 'of setInterval(interval, Date.now())',
    swaps: [['interval = 100', 'interval = 2']],
    shows: '1400',
    async around(stage) {
      // A clock on which each look takes as long, so that the number of rounds is known.
      let now = 0
      await stage.run({ Date: { now: () => (now += 200) } })
    },
  },
  {
    subject: 'timers',
    name: 'scheduler.wait',
    file: PROMISES,
    words: 'scheduler.wait(1000)',
    swaps: [['1000', '2']],
    shows: 'waited',
    async around(stage) {
      await stage.run()
      stage.log('waited')
    },
  },
  {
    subject: 'timers',
    name: 'asyncLocalStorage.run around a timer',
    file: '@types/node/async_hooks.d.ts',
    words:
      'asyncLocalStorage.run(store, () => {\n    asyncLocalStorage.getStore(); // Returns the store object\n    setTimeout(',
    swaps: [
      ['200', '2'],
      [/(asyncLocalStorage\.getStore\(\)); \/\//gu, 'console.log($1); //'],
    ],
    shows: '{ id: 2 }',
    async around(stage) {
      await stage.run({ asyncLocalStorage: new AsyncLocalStorage() })
      await delay(5)
    },
  },
  {
    subject: 'timers',
    name: 'hrtime.bigint around a timer',
    file: '@types/node/process.d.ts',
    words: 'hrtime.bigint()',
    swaps: [
      ['1000)', '2)'],
      [/\$\{end - start\}/gu, '${end - start >= 1000000n ? "enough" : end - start}'],
    ],
    shows: 'Benchmark took enough nanoseconds',
    async around(stage) {
      await stage.run()
      await delay(5)
    },
  },
  {
    subject: 'timers',
    name: 'process.getActiveResourcesInfo',
    file: '@types/node/process.d.ts',
    words: "console.log('Before:', getActiveResourcesInfo())",
    swaps: [
      ['1000', '2'],
      ['getActiveResourcesInfo())', 'timersOf(getActiveResourcesInfo()))'],
    ],
    shows: /^After: .*'Timeout'/u,
    async around(stage) {
      await stage.run({ timersOf: (names: string[]) => names.filter((name) => /Timeout|Immediate/u.test(name)) })
      await delay(5)
    },
  },
  {
    subject: 'timers',
    name: 'domain.run around a timer',
    file: '@types/node/domain.d.ts',
    words: "console.error('Caught error!', er)",
    swaps: [
      ['100', '2'],
      ["'Caught error!', er", "'Caught error!', er.code"],
    ],
    shows: 'stderr: Caught error! ENOENT',
    async around(stage) {
      await stage.run()
      await stage.wrote('ENOENT')
    },
  },
  ...mocks.map(
    ([name, words]): Snippet => ({
      subject: 'timers',
      name: `mock.timers: ${name}`,
      file: TEST,
      words,
      swaps: [[/^import \{ test \} from 'node:test';$/gmu, '']],
      shows: '-> passed: ',
      around: withMocks,
    }),
  ),
]
