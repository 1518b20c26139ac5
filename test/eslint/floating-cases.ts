/**
 * The cases of `no-floating-operation.test.ts`: mistakes by kind, and what is none. What they may use stands in `support.ts`.
 */

/** A mistake in a snippet: the whole message, and the snippet as it is fixed; null where the fix would be a guess. */
export interface Mistake {
  readonly title: string
  readonly code: string
  readonly message: string
  readonly fixed: string | null
}

const greenlet = (body: string): string => `spawn(function* () { ${body} })`
const asynchronous = (body: string): string => `export async function f() { ${body} }`
const plain = (body: string): string => `export function f() { ${body} }`

export const dropped: Mistake[] = [
  {
    title: 'an operation in a greenlet',
    code: greenlet('sleep(10)'),
    message:
      '`sleep(10)` is an operation that nobody drives, so nothing happens.\n\n' +
      '  sleep(10)          // incorrect: dropped\n' +
      '  yield* sleep(10)   // correct: waits',
    fixed: greenlet('yield* sleep(10)'),
  },
  {
    title: 'the call of a green function in a greenlet',
    code: greenlet('work(1)'),
    message:
      '`work(1)` is a generator that nobody drives, so nothing happens.\n\n' +
      '  work(1)          // incorrect: dropped\n' +
      '  yield* work(1)   // correct: waits',
    fixed: greenlet('yield* work(1)'),
  },
  {
    title: 'a switch in a greenlet',
    code: greenlet('other.switch(1)'),
    message:
      '`other.switch(1)` is an operation that nobody drives, so nothing happens.\n\n' +
      '  other.switch(1)          // incorrect: dropped\n' +
      '  yield* other.switch(1)   // correct: waits',
    fixed: greenlet('yield* other.switch(1)'),
  },
  {
    title: 'an operation at the top of a module',
    code: 'sleep(10)',
    message:
      '`sleep(10)` is an operation that nobody drives, so nothing happens.\n\n' +
      '  sleep(10)         // incorrect: dropped\n' +
      '  await sleep(10)   // correct: waits',
    fixed: 'await sleep(10)',
  },
  {
    title: 'an operation in an async function',
    code: asynchronous('task.join()'),
    message:
      '`task.join()` is an operation that nobody drives, so nothing happens.\n\n' +
      '  task.join()         // incorrect: dropped\n' +
      '  await task.join()   // correct: waits',
    fixed: asynchronous('await task.join()'),
  },
  {
    title: 'an operation in an async generator, which awaits',
    code: 'export async function* f() { queue.get(); yield 1 }',
    message:
      '`queue.get()` is an operation that nobody drives, so nothing happens.\n\n' +
      '  queue.get()         // incorrect: dropped\n' +
      '  await queue.get()   // correct: waits',
    fixed: 'export async function* f() { await queue.get(); yield 1 }',
  },
  {
    title: 'the call of a green function in async code',
    code: asynchronous('work(1)'),
    message:
      '`work(1)` is a generator that nobody drives, so nothing happens.\n\n' +
      '  work(1)                      // incorrect: dropped\n' +
      '  await spawn(work, 1).get()   // correct: waits\n' +
      '  spawn(work, 1)               // correct: runs, and nobody waits',
    fixed: null,
  },
  {
    title: 'an operation in a plain function',
    code: plain('sleep(10)'),
    message:
      '`sleep(10)` is an operation that nobody drives, so nothing happens.\n\n' +
      '  sleep(10)          // incorrect: dropped\n' +
      '  spawn(sleep, 10)   // correct: a greenlet waits',
    fixed: null,
  },
  {
    title: 'the call of a green method in a plain function',
    code: `const o = { work }; ${plain('o.work(1)')}`,
    message:
      '`o.work(1)` is a generator that nobody drives, so nothing happens.\n\n' +
      '  o.work(1)                // incorrect: dropped\n' +
      '  spawn(() => o.work(1))   // correct: a greenlet waits',
    fixed: null,
  },
  {
    title: 'an operation in a generator that is declared to yield something of its own',
    code: 'export function* f(): Generator<number> { sleep(1); yield 1 }',
    message:
      '`sleep(1)` is an operation that nobody drives, so nothing happens.\n\n' +
      '  sleep(1)          // incorrect: dropped\n' +
      '  spawn(sleep, 1)   // correct: a greenlet waits',
    fixed: null,
  },
  {
    title: 'an operation in a static block, which cannot wait',
    code: 'export class A { static { sleep(1) } }',
    message:
      '`sleep(1)` is an operation that nobody drives, so nothing happens.\n\n' +
      '  sleep(1)          // incorrect: dropped\n' +
      '  spawn(sleep, 1)   // correct: a greenlet waits',
    fixed: null,
  },
  {
    title: 'a variable that stands alone',
    code: greenlet('const op = sleep(10); op'),
    message:
      '`op` is an operation that nobody drives, so nothing happens.\n\n' +
      '  op          // incorrect: dropped\n' +
      '  yield* op   // correct: waits',
    fixed: greenlet('const op = sleep(10); yield* op'),
  },
  {
    title: 'what may be missing',
    code: greenlet('maybe?.put(1)'),
    message:
      '`maybe?.put(1)` is an operation, or nothing at all, and nobody drives it.\n\n' +
      '  maybe?.put(1)                    // incorrect: dropped\n' +
      '  if (maybe) yield* maybe.put(1)   // correct: waits, if there is something',
    fixed: null,
  },
  {
    title: 'what a call may not have made',
    code: greenlet('const begin = () => ok ? sleep(1) : undefined; begin()'),
    message:
      '`begin()` is an operation, or nothing at all, and nobody drives it.\n\n' +
      '  begin()                                 // incorrect: dropped\n' +
      '  const op = begin(); if (op) yield* op   // correct: waits, if there is something',
    fixed: null,
  },
  {
    title: 'what may be missing, in async code',
    code: asynchronous('maybe?.put(1)'),
    message:
      '`maybe?.put(1)` is an operation that nobody drives, so nothing happens.\n\n' +
      '  maybe?.put(1)         // incorrect: dropped\n' +
      '  await maybe?.put(1)   // correct: waits',
    fixed: asynchronous('await maybe?.put(1)'),
  },
  {
    title: 'a call too long for a message',
    code: greenlet('gevent.withTimeout(5, function* () {\n  yield* sleep(1)\n})'),
    message:
      '`gevent.withTimeout(...)` is an operation that nobody drives, so nothing happens.\n\n' +
      '  gevent.withTimeout(...)          // incorrect: dropped\n' +
      '  yield* gevent.withTimeout(...)   // correct: waits',
    fixed: greenlet('yield* gevent.withTimeout(5, function* () {\n  yield* sleep(1)\n})'),
  },
]

/** The message for `sleep(n)` in a greenlet, whatever it stands in. */
const forgotten = (call: string): string =>
  `\`${call}\` is an operation that nobody drives, so nothing happens.\n\n` +
  `  ${call}          // incorrect: dropped\n` +
  `  yield* ${call}   // correct: waits`

export const inside: Mistake[] = [
  {
    title: 'behind &&',
    code: greenlet('ok && sleep(1)'),
    message: forgotten('sleep(1)'),
    fixed: greenlet('ok && (yield* sleep(1))'),
  },
  {
    title: 'in a branch of ?:',
    code: greenlet('ok ? sleep(1) : log()'),
    message: forgotten('sleep(1)'),
    fixed: greenlet('ok ? yield* sleep(1) : log()'),
  },
  {
    title: 'before a comma, also where the last value is taken',
    code: greenlet('return (sleep(1), 5)'),
    message: forgotten('sleep(1)'),
    fixed: greenlet('return (yield* sleep(1), 5)'),
  },
  {
    title: 'behind a comma',
    code: greenlet('log(), sleep(1)'),
    message: forgotten('sleep(1)'),
    fixed: greenlet('log(), yield* sleep(1)'),
  },
  {
    title: 'in the head of a for',
    code: greenlet('for (;;sleep(1)) log()'),
    message: forgotten('sleep(1)'),
    fixed: greenlet('for (;;yield* sleep(1)) log()'),
  },
  {
    title: 'at the start of a for',
    code: greenlet('for (sleep(1); ok;) log()'),
    message: forgotten('sleep(1)'),
    fixed: greenlet('for (yield* sleep(1); ok;) log()'),
  },
]

export const handedOn: Mistake[] = [
  {
    title: '`void` in a greenlet',
    code: greenlet('void queue.put(1)'),
    message:
      '`void` drops an operation that nobody has driven, so nothing happens.\n\n' +
      '  void queue.put(1)           // incorrect: dropped\n' +
      '  yield* queue.put(1)         // correct: waits\n' +
      '  spawn(() => queue.put(1))   // correct: runs, and nobody waits',
    fixed: greenlet('yield* queue.put(1)'),
  },
  {
    title: '`void` in a greenlet, where its value is taken',
    code: greenlet('return void work(1)'),
    message:
      '`void` drops a generator that nobody has driven, so nothing happens.\n\n' +
      '  void work(1)     // incorrect: dropped\n' +
      '  yield* work(1)   // correct: waits\n' +
      '  spawn(work, 1)   // correct: runs, and nobody waits',
    fixed: null,
  },
  {
    title: '`void` in async code',
    code: asynchronous('void sleep(1)'),
    message:
      '`void` drops an operation that nobody has driven, so nothing happens.\n\n' +
      '  void sleep(1)     // incorrect: dropped\n' +
      '  await sleep(1)    // correct: waits\n' +
      '  spawn(sleep, 1)   // correct: runs, and nobody waits',
    fixed: null,
  },
  {
    title: '`void` in a plain function',
    code: plain('void sleep(1)'),
    message:
      '`void` drops an operation that nobody has driven, so nothing happens.\n\n' +
      '  void sleep(1)     // incorrect: dropped\n' +
      '  spawn(sleep, 1)   // correct: a greenlet waits',
    fixed: null,
  },
  {
    title: '`yield` without the star',
    code: 'export function* f() { yield sleep(1) }',
    message:
      '`yield` without the star hands an operation out and does not drive it.\n\n' +
      '  yield sleep(1)    // incorrect: not driven\n' +
      '  yield* sleep(1)   // correct: waits',
    fixed: 'export function* f() { yield* sleep(1) }',
  },
  {
    title: '`yield` without the star where its value is taken',
    code: 'export function* f() { const n: number = yield work(1); return n }',
    message:
      '`yield` without the star hands a generator out and does not drive it.\n\n' +
      '  yield work(1)    // incorrect: not driven\n' +
      '  yield* work(1)   // correct: waits',
    fixed: 'export function* f() { const n: number = yield* work(1); return n }',
  },
  {
    title: '`yield` without the star of what has begun',
    code: 'export function* f() { yield task.kill() }',
    message:
      '`yield` without the star hands an operation out and does not drive it.\n\n' +
      '  yield task.kill()    // incorrect: not driven\n' +
      '  yield* task.kill()   // correct: waits',
    fixed: 'export function* f() { yield* task.kill() }',
  },
  {
    title: '`await` of a generator',
    code: asynchronous('return await work(1)'),
    message:
      '`await` does not drive a generator: it gives it back, and nothing of it has run.\n\n' +
      '  await work(1)                // incorrect: gives the generator\n' +
      '  await spawn(work, 1).get()   // correct: waits',
    fixed: null,
  },
  {
    title: '`await` of a generator that a method makes',
    code: asynchronous('const o = { work }; return await o.work(1)'),
    message:
      '`await` does not drive a generator: it gives it back, and nothing of it has run.\n\n' +
      '  await o.work(1)                      // incorrect: gives the generator\n' +
      '  await spawn(() => o.work(1)).get()   // correct: waits',
    fixed: null,
  },
]

export const callbacks: Mistake[] = [
  {
    title: 'an arrow that returns an operation',
    code: 'list.forEach((x) => queue.put(x))',
    message:
      'Whoever calls this function drops what it returns: an operation that nobody drives.\n\n' +
      '  (x) => queue.put(x)                    // incorrect: returns an operation\n' +
      '  (x) => { spawn(() => queue.put(x)) }   // correct: a greenlet waits',
    fixed: null,
  },
  {
    title: 'a listener that returns an operation',
    code: "emitter.on('x', () => sleep(1))",
    message:
      'Whoever calls this function drops what it returns: an operation that nobody drives.\n\n' +
      '  () => sleep(1)              // incorrect: returns an operation\n' +
      '  () => { spawn(sleep, 1) }   // correct: a greenlet waits',
    fixed: null,
  },
  {
    title: 'an arrow with a body that returns an operation',
    code: 'list.forEach((x, n) => { log(n); return queue.put(x) })',
    message:
      'Whoever calls this function drops what it returns: an operation that nobody drives.\n\n' +
      '  (x, n) => { ... }                              // incorrect: returns an operation\n' +
      '  (x, n) => { spawn((x, n) => { ... }, x, n) }   // correct: a greenlet waits',
    fixed: null,
  },
  {
    title: 'a generator function',
    code: 'setTimeout(function* () { yield* sleep(1) }, 5)',
    message:
      'Whoever calls this function drops what it returns: a generator that nobody drives.\n\n' +
      '  function* () { ... }                    // incorrect: returns a generator\n' +
      '  () => { spawn(function* () { ... }) }   // correct: a greenlet waits',
    fixed: null,
  },
  {
    title: 'a generator function with parameters',
    code: "emitter.on('x', function* (...args: number[]) { yield* sleep(args.length) })",
    message:
      'Whoever calls this function drops what it returns: a generator that nobody drives.\n\n' +
      '  function* (...args: number[]) { ... }                          // incorrect: returns a generator\n' +
      '  (...args) => { spawn(function* (...args) { ... }, ...args) }   // correct: a greenlet waits',
    fixed: null,
  },
  {
    title: 'a function that takes its argument apart',
    code: "emitter.on('x', function* ({ ms }) { yield* sleep(ms) })",
    message:
      'Whoever calls this function drops what it returns: a generator that nobody drives.\n\n' +
      '  function* ({ ms }) { ... }                            // incorrect: returns a generator\n' +
      '  (arg1) => { spawn(function* (arg1) { ... }, arg1) }   // correct: a greenlet waits',
    fixed: null,
  },
  {
    title: 'the name of a green function',
    code: 'setTimeout(work, 5)',
    message:
      'Whoever calls this function drops what it returns: a generator that nobody drives.\n\n' +
      '  work                        // incorrect: returns a generator\n' +
      '  (n) => { spawn(work, n) }   // correct: a greenlet waits',
    fixed: null,
  },
  {
    title: 'a method',
    code: 'list.forEach(queue.put)',
    message:
      'Whoever calls this function drops what it returns: an operation that nobody drives.\n\n' +
      '  queue.put                                    // incorrect: returns an operation\n' +
      '  (item) => { spawn(() => queue.put(item)) }   // correct: a greenlet waits',
    fixed: null,
  },
  {
    title: 'a variable that is declared to return nothing',
    code: 'export const f: () => void = () => sleep(1)',
    message:
      'Whoever calls this function drops what it returns: an operation that nobody drives.\n\n' +
      '  () => sleep(1)              // incorrect: returns an operation\n' +
      '  () => { spawn(sleep, 1) }   // correct: a greenlet waits',
    fixed: null,
  },
  {
    title: 'a property',
    code: 'export const o: { run?: () => void } = { run: work }',
    message:
      'Whoever calls this function drops what it returns: a generator that nobody drives.\n\n' +
      '  work                        // incorrect: returns a generator\n' +
      '  (n) => { spawn(work, n) }   // correct: a greenlet waits',
    fixed: null,
  },
  {
    title: 'what listens to a server, and is no handler',
    code: `import 'greenloop/monkey'; import http from 'node:http'; http.createServer().on('close', () => sleep(1))`,
    message:
      'Whoever calls this function drops what it returns: an operation that nobody drives.\n\n' +
      '  () => sleep(1)              // incorrect: returns an operation\n' +
      '  () => { spawn(sleep, 1) }   // correct: a greenlet waits',
    fixed: null,
  },
  {
    title: 'what listens to something else than a server',
    code: "emitter.on('request', () => sleep(1))",
    message:
      'Whoever calls this function drops what it returns: an operation that nobody drives.\n\n' +
      '  () => sleep(1)              // incorrect: returns an operation\n' +
      '  () => { spawn(sleep, 1) }   // correct: a greenlet waits',
    fixed: null,
  },
  {
    title: 'a method of an object',
    code: 'export const o: { run(): void } = { *run() { yield* sleep(1) } }',
    message:
      'Whoever calls this function drops what it returns: a generator that nobody drives.\n\n' +
      '  *run() { ... }                          // incorrect: returns a generator\n' +
      '  run() { spawn(function* () { ... }) }   // correct: a greenlet waits',
    fixed: null,
  },
]

export const conditions: Mistake[] = [
  {
    title: 'an operation after `if`',
    code: greenlet('if (queue.get()) log()'),
    message:
      '`queue.get()` is an operation, which as a condition is always true.\n\n' +
      '  queue.get()          // incorrect: true before it has begun\n' +
      '  yield* queue.get()   // correct: waits',
    fixed: null,
  },
  {
    title: 'an operation that decides in the end',
    code: greenlet('if (ok && (log(), queue.get())) log()'),
    message:
      '`queue.get()` is an operation, which as a condition is always true.\n\n' +
      '  queue.get()          // incorrect: true before it has begun\n' +
      '  yield* queue.get()   // correct: waits',
    fixed: null,
  },
  {
    title: 'a generator after `!`',
    code: asynchronous('while (!work()) log()'),
    message:
      '`work()` is a generator, which as a condition is always true.\n\n' +
      '  work()                    // incorrect: true before it has begun\n' +
      '  await spawn(work).get()   // correct: waits',
    fixed: null,
  },
  {
    title: 'an operation on the left of &&',
    code: greenlet('return queue.get() && 5'),
    message:
      '`queue.get()` is an operation, which as a condition is always true.\n\n' +
      '  queue.get()          // incorrect: true before it has begun\n' +
      '  yield* queue.get()   // correct: waits',
    fixed: null,
  },
  {
    title: 'a switch in plain code',
    code: plain('if (other.switch()) log()'),
    message:
      '`other.switch()` is an operation, which as a condition is always true.\n\n' +
      '  other.switch()         // incorrect: true before it has begun\n' +
      '  other.switch().value   // correct: what has come back',
    fixed: null,
  },
]

export const valid: Readonly<Record<string, string>> = {
  'what yield* drives': greenlet('yield* sleep(1); yield* work(); yield* other.switch(); return yield* queue.get()'),
  'what await drives': asynchronous('await sleep(1); await other.switch(); return await queue.get()'),
  'what is returned': 'export function f() { return sleep(1) } export const g = () => work()',
  'what is kept': greenlet(
    'const op = sleep(1); const ops = [sleep(1)]; let g; g = work(); yield* op; return [ops, g]',
  ),
  'what is handed on': 'log(sleep(1)); log(work())',
  'a promise, which no-floating-promises sees': `import 'greenloop/monkey'; ${greenlet("fetch('u'); void fetch('u')")}`,
  'a socket, which lives without': `import 'greenloop/monkey'; import net from 'node:net'; net.connect(1); net.connect(1).on('x', log)`,
  'a handler of a server, which drives it': `import 'greenloop/monkey'; import http from 'node:http'; import https from 'node:https'; http.createServer(function* (_, response) { yield* response.sendall('x') }).on('upgrade', function* () { yield* sleep(1) }); https.createServer({}, () => work()).on('request', work).off('request', work); export const handle: http.RequestListener = function* () { yield* sleep(1) }`,
  'what has begun': `${greenlet('task.kill(); void task.kill(); yield* task.kill()')}; [task].forEach((g) => g.kill())`,
  'what has begun, of a type of its own': `interface Later<T> extends Begun<T> { x?: T } declare function stop(): Later<void>; stop(); ${asynchronous('stop()')}`,
  'a switch in plain code': `other.switch(); void other.throw(); [1].forEach(() => other.switch()); ${asynchronous('other.switch()')}`,
  'an ordinary generator': 'new Map().keys(); new Map().keys().next(); for (const x of new Set([1]).values()) log(x)',
  'an ordinary generator function':
    'function* count() { yield 1 } count(); [1].forEach(() => count()); if (count()) log()',
  'a generator that is declared to make operations':
    'export function* f(): Generator<Operation<void>> { yield sleep(1) }',
  'an async generator that yields an operation, which it awaits': 'export async function* f() { yield sleep(1) }',
  'a callback whose value is wanted': `spawn(() => sleep(1)); list.map((x) => queue.put(x)); task.rawlink(() => { spawn(work) })`,
  'a callback whose value may be wanted':
    'export const a: () => unknown = work; export const b: () => void | PromiseLike<void> = () => sleep(1)',
  'an operation that may be missing, as a condition':
    'export const f = (op?: Operation<void>) => op ? 1 : op !== undefined || !op',
  'an operation that may be missing, before ??': 'export const f = (op?: Operation<void>) => op ?? sleep(1)',
}
