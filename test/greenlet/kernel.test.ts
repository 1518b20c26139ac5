// One cell for all copies of the library in a process (D17): two compatible copies meet, an incompatible one is refused.
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { runProgram } from '../support/program.ts'

const repository = fileURLToPath(new URL('../../', import.meta.url))
// Inside the repository, so that the copy finds its dependencies.
const cache = `${repository}node_modules/.cache/greenloop-copies-${process.pid}`

/** Copies the library, as a second installation would have them; answers the front door. */
function copy(name: string): string {
  const folder = `${cache}/${name}`
  mkdirSync(folder, { recursive: true })
  writeFileSync(`${folder}/package.json`, '{ "type": "module" }')
  cpSync(`${repository}src`, folder, { recursive: true })
  return `${folder}/index.ts`
}

afterAll(() => {
  rmSync(cache, { recursive: true, force: true })
})

describe('two copies of one protocol', () => {
  let found = new Map<string, unknown>()

  beforeAll(async () => {
    const { stdout, stderr } = await runProgram('two-copies.ts', {
      sources: true,
      args: [pathToFileURL(copy('second')).href],
    })
    expect(stderr).toBe('')
    found = new Map(
      stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as [string, unknown]),
    )
  })

  it.each([
    ['have classes of their own', 'two classes', true],
    ['share main', 'one main', true],
    ['share the hub', 'one hub', true],
    ['share the current greenlet, seen from one of ours', 'current in ours', true],
    ['share the current greenlet, seen from one of theirs', 'current in theirs', true],
    ['switch to each other, with several arguments', 'switch to theirs', 3],
    ["may be each other's parent", 'parent of theirs', true],
    ['come back to main', 'switch from main', 'end'],
    ["drive each other's operations in a greenlet of ours", 'spawn of ours', 3],
    ["drive each other's operations in a greenlet of theirs", 'spawn of theirs', 7],
    ['call bodies of ours with what they were given', 'arguments, ours', [0, 2]],
    ['call a body of theirs that was given no arguments without any', 'no arguments, theirs', 0],
    ['call a body of theirs that was given two arguments with two', 'two arguments, theirs', 2],
    ["join each other's greenlets", 'joinall of ours with theirs', [2, 4]],
    ["get each other's outcomes", 'get of theirs in ours', 11],
    ["kill each other's greenlets", 'kill', [true, true]],
    ['tell of each event once', 'events', 2],
    ["recognise each other's errors, and tell them apart", 'instanceof', [true, true, false, true, true]],
  ])('%s', (_, step, expected) => {
    expect(found.get(step)).toEqual(expected)
  })
})

describe('two copies of different protocols', () => {
  it('do not meet: the second one refuses to load, and names both paths', async () => {
    const front = copy('incompatible')
    const kernel = front.replace('index.ts', 'greenlet/kernel.ts')
    const source = readFileSync(kernel, 'utf8')
    expect(source).toContain('const PROTOCOL = 5\n')
    writeFileSync(kernel, source.replace('const PROTOCOL = 5\n', 'const PROTOCOL = 6\n'))

    const { stdout, code } = await runProgram('two-copies.ts', { sources: true, args: [pathToFileURL(front).href] })
    expect(stdout).toBe(
      `Two copies of greenloop that do not understand each other were loaded:\n` +
        `  ${pathToFileURL(`${repository}src/greenlet/kernel.ts`).href}  (protocol 5)\n` +
        `  ${pathToFileURL(kernel).href}  (protocol 6)\n` +
        `Install one version for all: npm ls greenloop shows who brings which.\n`,
    )
    expect(code).toBe(3)
  })
})
