/**
 * The known mistakes of switching, each with the wrong and the right line.
 *
 * Stands on the classes and the protocol. Decides nothing: those who find a mistake call it by name here.
 */
import { isGenerator, isOperation, isThenable } from '../protocol.ts'
import { InvalidSwitchError, UsageError } from './classes.ts'

/** A greenlet, as far as a message is concerned. */
export interface Named {
  readonly name: string
}

/** An operation, as far as a message is concerned: the call as a person would write it. */
export interface Described {
  toString(): string
}

/** A value as it may stand in a message: short, with its kind. */
export function show(value: unknown): string {
  if (isGenerator(value)) return 'a generator object'
  if (isOperation(value)) return 'an operation'
  switch (typeof value) {
    case 'function':
      return `the function ${value.name === '' ? '(anonymous)' : value.name}`
    case 'string':
      return `${JSON.stringify(value.length > 40 ? `${value.slice(0, 39)}…` : value)} (string)`
    case 'number':
    case 'bigint':
    case 'boolean':
      return `${value.toString()} (${typeof value})`
    case 'symbol':
      return value.toString()
    case 'undefined':
      return 'undefined'
    case 'object':
      return value === null ? 'null' : kindOf(value)
  }
}

function kindOf(value: object): string {
  const { constructor } = value as { constructor?: unknown } // any object may be asked
  const kind = typeof constructor === 'function' && constructor.name !== '' ? constructor.name : 'Object'
  return /^[AEIOU]/u.test(kind) ? `an ${kind}` : `a ${kind}`
}

/** `wrong` and `right` below each other, with their remarks in one column. */
export function wrongRight(wrong: string, why: string, right: string, remark = ''): string {
  const width = Math.max(wrong.length, right.length) + 3
  const tail = remark === '' ? 'correct' : `correct: ${remark}`
  return `  ${wrong.padEnd(width)}// incorrect: ${why}\n  ${right.padEnd(width)}// ${tail}`
}

/** The report of an operation that was made and dropped; `wrong` is the call and why it is wrong, `remark` what else would be right. */
export function neverDriven(
  text: string,
  greenlet: string,
  place: string,
  [wrong, why]: readonly [wrong: string, why: string],
  remark: string,
): string {
  return `${text} was made by "${greenlet}" ${place} and never driven: nothing was done.\n\n${wrongRight(wrong, why, `yield* ${wrong}`, remark)}\n`
}

/** `switch()` without `yield*` in a greenlet: found at the next suspension, or at a second switch. */
export function forgottenSwitch(greenlet: Named, undriven: Described): UsageError {
  return new UsageError(
    `Greenlet "${greenlet.name}" made a ${String(undriven)} that it did not drive.\n\n${wrongRight('other.switch()', 'makes the switch and drops it', 'yield* other.switch()', 'control goes there and comes back here')}`,
  )
}

/** An operation that was iterated in a greenlet: each step of the iterator would begin the wait again. */
export function iteratedOperation(greenlet: Named, operation: Described): UsageError {
  return new UsageError(
    `Greenlet "${greenlet.name}" iterated ${String(operation)} instead of driving it.\n\n` +
      `  [...sleep(10)]; for (const x of sleep(10)) {}   // incorrect: begins the wait over and over\n` +
      `  yield* sleep(10)                                // correct`,
  )
}

/** A `switch()` that was made, kept and driven at another place or by another greenlet. */
export function storedSwitch(operation: Described): UsageError {
  return new UsageError(
    `A ${String(operation)} was kept and driven later; it belongs to the expression that makes it.\n\n${wrongRight('const op = other.switch(); ... yield* op', 'by then others have run', 'yield* other.switch()')}`,
  )
}

/** A greenlet's `switch()` awaited, or handed to async code. */
export function awaitedSwitch(operation: Described): UsageError {
  return new UsageError(
    `A ${String(operation)} that was made in a greenlet was awaited; only plain code awaits a switch.\n\n${wrongRight('await other.switch()', 'async code is not a greenlet', 'yield* other.switch()', 'in the greenlet itself')}`,
  )
}

/** `switch()` or `throw()` in the callback of `settrace`. */
export function switchingTracer(): UsageError {
  return new UsageError(
    'A tracer called switch() or throw(), but it runs in the middle of a switch, where it can only watch.\n\n' +
      '  settrace(() => other.switch())                // incorrect: a switch within a switch\n' +
      '  settrace((event, from, to) => log.push(to))   // correct: note it, and act when a greenlet runs',
  )
}

/** `.value` of a switch that has not come back. */
export function unfinishedValue(operation: Described): UsageError {
  return new UsageError(
    `The ${String(operation)} has not come back: control went to a wait of the hub.\n\n${wrongRight('const value = other.switch().value', 'read before it is there', 'const value = await other.switch()')}`,
  )
}

/** Something that is no suspension of ours came out of a body. */
export function foreignYield(greenlet: Named, value: unknown): UsageError {
  const head = `Greenlet "${greenlet.name}" yielded ${show(value)}`
  if (isOperation(value) || isGenerator(value)) {
    return new UsageError(
      `${head} without driving it: the star is missing.\n\n${wrongRight('yield sleep(10)', 'hands the operation out', 'yield* sleep(10)', 'waits 10 ms')}`,
    )
  }
  const only = `${head}; only operations of this library can be yielded, with yield*.`
  if (isThenable(value)) {
    return new UsageError(
      `${only}\n\n${wrongRight('yield promise', 'hands the promise out', 'yield* until(promise)', 'waits until the promise settles')}`,
    )
  }
  return new UsageError(
    `${only}\n\n${wrongRight('yield', 'suspends for nobody', 'yield* sleep(0)', 'lets the others run')}`,
  )
}

/** A generator that is being driven was driven once more, from within itself. */
export function reenteredGenerator(greenlet: Named, cause: unknown): UsageError {
  return new UsageError(
    `Greenlet "${greenlet.name}" drove a generator that is running already.\n\n${wrongRight('yield* generator', 'it is the one that runs this line', 'yield* work()', 'a call of its own')}`,
    { cause },
  )
}

/** One generator object for two greenlets: each would take steps that the other one waits for. */
export function sharedGenerator(greenlet: Named): UsageError {
  return new UsageError(
    `Greenlet "${greenlet.name}" was given a generator that another greenlet drives already.\n\n${wrongRight('const it = work(); spawn(() => it); spawn(() => it)', 'one call for two', 'spawn(work); spawn(work)', 'each calls it')}`,
  )
}

/** Something that is no function where a body belongs; `caller` is the call as a person writes it: `spawn`. */
export function notAFunction(caller: string, value: unknown): UsageError {
  const head = `${caller}() expects a function, but got ${show(value)}.`
  const made = isGenerator(value) ? 'generator' : isOperation(value) ? 'operation' : isThenable(value) ? 'promise' : ''
  if (made === '') return new UsageError(head)
  return new UsageError(
    `${head}\n\nProbably the function was called instead of passed:\n${wrongRight(`${caller}(getPage(url))`, `getPage(url) has already made the ${made}`, `${caller}(getPage, url)`)}`,
  )
}

/** Neither a function nor a class with `run()`. */
export function nothingToRun(greenlet: Named, className: string): UsageError {
  return new UsageError(
    `Greenlet "${greenlet.name}" has nothing to run: it was made without a function, and its class has no run().

${wrongRight(`new ${className}()`, 'there is no body', `new ${className}(function* () { ... })`)}`,
  )
}

/** `throw(x)` with something that is no error. */
export function notAnError(caller: string, value: unknown): UsageError {
  return new UsageError(`${caller}() expects an Error or a class of errors, but got ${show(value)}.`)
}

/** Main is not inside a `switch()`: it has finished, or it waits in the hub. */
export function mainNotWaiting(from: Named): InvalidSwitchError {
  return new InvalidSwitchError(
    `Greenlet "${from.name}" switched to main, but main is not waiting in a switch(): it has gone on, and nobody would take the value.\n` +
      `Main waits only while plain code is in greenlet.switch(), or awaits it.`,
  )
}

/** `.value` of a switch that was made in a greenlet. */
export function undrivenValue(operation: Described): UsageError {
  return new UsageError(
    `The ${String(operation)} has not happened: in a greenlet it is driven, and gives the value by that.\n\n${wrongRight('const value = other.switch().value', 'nothing has come back', 'const value = yield* other.switch()')}`,
  )
}

/** The process is ending; there is no loop left that could bring control back. */
export function processExiting(target: Named): InvalidSwitchError {
  return new InvalidSwitchError(
    `Main has finished and the process is exiting: nothing can be switched to any more, not even "${target.name}".\n` +
      `Do it before the 'exit' event, for instance at the end of run(function* () { ... }).`,
  )
}

/** Something that is no options where they belong; `example` shows what they look like. */
export function notOptions(call: string, value: unknown, example: string): UsageError {
  return new UsageError(`${call} expects its options as an object, such as ${example}, but got ${show(value)}.`)
}

/** Checks that options are an object. */
export function checkOptions(call: string, options: unknown, example: string): asserts options is object {
  if (typeof options !== 'object' || options === null) throw notOptions(call, options, example)
}

/** Checks an option that says yes or no. */
export function checkFlag(call: string, name: string, value: unknown): void {
  if (value === undefined || typeof value === 'boolean') return
  throw new UsageError(`${call} expects \`${name}\` to be a boolean, but got ${show(value)}.`)
}

/** Checks a duration: a number of milliseconds, 0 and up. `Infinity` is for ever. */
export function checkMs(call: string, name: string, ms: unknown): asserts ms is number {
  if (typeof ms === 'number' && ms >= 0) return
  const shown = typeof ms === 'number' ? String(ms) : show(ms)
  throw new UsageError(`${call} expects \`${name}\` to be a number of milliseconds, 0 or more, but got ${shown}.`)
}
