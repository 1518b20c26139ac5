// greenloop/no-swallowed-interrupt: which `catch` keeps a kill to itself, and what is suggested.
import { Linter } from 'eslint'
import greenloop from 'greenloop/eslint'
import { describe, expect, it } from 'vitest'
import { lintAll } from './support.ts'

const greenlet = (body: string): string => `spawn(function* () { ${body} })`

/** A catch that swallows: how the message quotes it, and the snippet as it is suggested; null where nothing is. */
interface Mistake {
  readonly title: string
  readonly code: string
  readonly quoted: string
  readonly suggested: string | null
}

const mistakes: readonly Mistake[] = [
  {
    title: 'logs what it catches',
    code: greenlet('try { yield* sleep(1) } catch (error) { log(error) }'),
    quoted: 'catch (error) { ... }',
    suggested: greenlet('try { yield* sleep(1) } catch (error) { if (isInterrupt(error)) throw error; log(error) }'),
  },
  {
    title: 'does nothing',
    code: greenlet('try { yield* work() } catch (error) {}'),
    quoted: 'catch (error) { ... }',
    suggested: greenlet('try { yield* work() } catch (error) { if (isInterrupt(error)) throw error }'),
  },
  {
    title: 'takes no binding',
    code: greenlet('try { yield* work() } catch {}'),
    quoted: 'catch { ... }',
    suggested: greenlet('try { yield* work() } catch (error) { if (isInterrupt(error)) throw error }'),
  },
  {
    title: 'takes no binding, and uses the name for something else',
    code: greenlet('const error = 1; try { yield* work() } catch {\n  log(error) }'),
    quoted: 'catch { ... }',
    suggested: greenlet(
      'const error = 1; try { yield* work() } catch (err) {\n  if (isInterrupt(err)) throw err\n  log(error) }',
    ),
  },
  {
    title: 'goes on with a line that would continue the one before',
    code: greenlet('try { yield* work() } catch (error) {\n  [error].forEach((one) => log(one)) }'),
    quoted: 'catch (error) { ... }',
    suggested: greenlet(
      'try { yield* work() } catch (error) {\n  if (isInterrupt(error)) throw error;\n  [error].forEach((one) => log(one)) }',
    ),
  },
  {
    title: 'takes the error apart',
    code: greenlet('try { yield* sleep(1) } catch ({ message }) { log(message) }'),
    quoted: 'catch ({ message }) { ... }',
    suggested: null,
  },
  {
    title: 'throws in a function of its own only',
    code: greenlet('try { yield* sleep(1) } catch (error) { log(() => { throw error }) }'),
    quoted: 'catch (error) { ... }',
    suggested: greenlet(
      'try { yield* sleep(1) } catch (error) { if (isInterrupt(error)) throw error; log(() => { throw error }) }',
    ),
  },
  {
    title: 'asks for another class',
    code: greenlet('try { yield* sleep(1) } catch (error) {\n  log(error instanceof TypeError) }'),
    quoted: 'catch (error) { ... }',
    suggested: greenlet(
      'try { yield* sleep(1) } catch (error) {\n  if (isInterrupt(error)) throw error\n  log(error instanceof TypeError) }',
    ),
  },
  {
    title: 'is around a try whose own catch rethrows',
    code: greenlet('try { try { yield* sleep(1) } catch (error) { throw error } } catch (error) {\n  log(error) }'),
    quoted: 'catch (error) { ... }',
    suggested: greenlet(
      'try { try { yield* sleep(1) } catch (error) { throw error } } catch (error) {\n  if (isInterrupt(error)) throw error\n  log(error) }',
    ),
  },
  {
    title: 'is around the wait for a promise',
    code: `import 'greenloop/monkey'; ${greenlet("try { yield* fetch('u') } catch (error) {\n  log(error) }")}`,
    quoted: 'catch (error) { ... }',
    suggested: `import 'greenloop/monkey'; ${greenlet("try { yield* fetch('u') } catch (error) {\n  if (isInterrupt(error)) throw error\n  log(error) }")}`,
  },
]

const valid: Readonly<Record<string, string>> = {
  rethrows: greenlet('try { yield* sleep(1) } catch (error) { if (ok) throw error }'),
  'asks isInterrupt': greenlet('try { yield* sleep(1) } catch (error) { if (!isInterrupt(error)) log(error) }'),
  'asks isInterrupt of a namespace': greenlet(
    'try { yield* sleep(1) } catch (error) { if (gevent.isInterrupt(error)) return; log(error) }',
  ),
  'asks for GreenletExit': greenlet('try { yield* sleep(1) } catch (error) { log(error instanceof GreenletExit) }'),
  'asks for Timeout of a namespace': greenlet(
    'try { yield* sleep(1) } catch (error) { log(error instanceof gevent.Timeout) }',
  ),
  'is around no wait': greenlet('yield* sleep(1); try { log() } catch (error) { log(error) }'),
  'is around the wait of another function': greenlet(
    'try { spawn(function* () { yield* sleep(1) }) } catch (error) { log(error) }',
  ),
  'is around an ordinary generator': 'export function* f() { try { yield* [1, 2] } catch (error) { log(error) } }',
  'is around an await': 'export async function f() { try { await sleep(1) } catch (error) { log(error) } }',
  'waits itself': greenlet('try { log() } catch (error) { log(error); yield* sleep(1) } finally { yield* sleep(1) }'),
  'is missing': greenlet('try { yield* sleep(1) } finally { log() }'),
}

const found = lintAll([...mistakes.map(({ code }) => code), ...Object.values(valid)])
const again = lintAll(mistakes.flatMap(({ suggested }) => suggested ?? []))

describe('a catch around yield* is a mistake that', () => {
  it.each(mistakes)('$title', (mistake) => {
    const linted = found[mistakes.indexOf(mistake)]
    const name = /if \(isInterrupt\((\w+)\)\)/u.exec(mistake.suggested ?? '')?.[1] ?? 'error'
    const right = `catch (${name}) { if (isInterrupt(${name})) throw ${name}; ... }`
    expect(linted?.messages.map(({ ruleId, message }) => [ruleId, message])).toEqual([
      [
        'greenloop/no-swallowed-interrupt',
        'This `catch` stands around a wait, so it also gets what kills the greenlet or times it out, and keeps it.\n\n' +
          `  ${mistake.quoted.padEnd(right.length)}   // incorrect: a kill ends nothing\n` +
          `  ${right}   // correct`,
      ],
    ])
    expect(linted?.fixed).toBe(mistake.code)
    expect(linted?.suggested).toBe(mistake.suggested ?? mistake.code)
    expect(linted?.messages[0]?.suggestions?.[0]?.desc ?? null).toBe(
      mistake.suggested === null ? null : `Let interrupts pass: \`if (isInterrupt(${name})) throw ${name}\`.`,
    )
  })
})

describe('the suggestion', () => {
  it.each([...again.entries()])('of mistake %d compiles and lints clean', (_, linted) => {
    expect(linted.messages).toEqual([])
    expect(linted.errors()).toEqual([])
  })
})

describe('no mistake is a catch that', () => {
  it.each(Object.entries(valid))('%s', (_, code) => {
    const linted = found[mistakes.length + Object.values(valid).indexOf(code)]
    expect(linted?.messages).toEqual([])
    expect(linted?.errors()).toEqual([])
  })
})

describe('without types', () => {
  const config: Linter.Config = {
    plugins: { greenloop },
    rules: { 'greenloop/no-swallowed-interrupt': 'error' },
  }
  const suggestedFor = (code: string): string[] =>
    new Linter()
      .verify(code, config)
      .flatMap(({ suggestions }) =>
        (suggestions ?? []).map(({ fix }) => code.slice(0, fix.range[0]) + fix.text + code.slice(fix.range[1])),
      )
  const body = 'function* f() { try { yield* g() } catch {} }'

  it('every yield* counts as a wait', () => {
    expect(suggestedFor(body)).toEqual([
      'function* f() { try { yield* g() } catch (error) { if (isInterrupt(error)) throw error } }',
    ])
  })

  it('the suggestion imports isInterrupt beside the other names of greenloop', () => {
    expect(suggestedFor(`import { sleep } from 'greenloop'\n${body}`)).toEqual([
      "import { sleep, isInterrupt } from 'greenloop'\nfunction* f() { try { yield* g() } catch (error) { if (isInterrupt(error)) throw error } }",
    ])
  })

  it('the suggestion leaves an import alone that has it', () => {
    expect(suggestedFor(`import { isInterrupt } from 'greenloop'\n${body}`)).toEqual([
      "import { isInterrupt } from 'greenloop'\nfunction* f() { try { yield* g() } catch (error) { if (isInterrupt(error)) throw error } }",
    ])
  })
})
