import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Compiled, compile } from './support/compiled.ts'
import { type Block, blocksOf, fencesOf } from './support/pages.ts'
import { REPOSITORY } from './support/processes.ts'

/** A documentation comment of src. */
interface Comment {
  name: string
  text: string
  blocks: Block[]
}

function commentsOf(file: string): Comment[] {
  const source = readFileSync(join(REPOSITORY, file), 'utf8')
  return [...source.matchAll(/\/\*\*[\s\S]*?\*\//gu)].map(({ 0: comment, index }) => {
    const text = comment.replace(/^[ \t]*\/?\*+\/? ?/gmu, '')
    const line = source.slice(0, index).split('\n').length
    const fences = fencesOf(text).map((fence) => ({ ...fence, line: fence.line + line - 1 }))
    return { name: `${file}:${line}`, text, blocks: blocksOf(file, fences) }
  })
}

const files = readdirSync(join(REPOSITORY, 'src'), { recursive: true, encoding: 'utf8' })
const comments = files
  .filter((file) => file.endsWith('.ts'))
  .sort()
  .flatMap((file) => commentsOf(`src/${file}`))
const blocks = comments.flatMap((comment) => comment.blocks)

let compiled: Compiled

beforeAll(() => {
  compiled = compile(blocks)
}, 30_000)

afterAll(() => {
  compiled.remove()
})

describe('an @example in a comment of src', () => {
  it('is code', () => {
    const examples = comments.filter(({ text }) => /^@example/mu.test(text))
    expect(examples.length).toBeGreaterThan(0)
    for (const { name, blocks: own } of examples) expect(own, name).not.toEqual([])
  })

  for (const block of blocks) {
    // The first one pays for the compiler's whole program.
    it(`${block.name} compiles`, { timeout: 30_000 }, () => {
      expect(compiled.errors(block)).toEqual([])
    })

    it(`${block.name} says what it prints`, () => {
      expect(block.expected).not.toBe('')
    })
  }
})

// Apart from the others: vitest runs together only what stands together.
describe.concurrent('an @example in a comment of src', () => {
  for (const block of blocks) {
    it(`${block.name} prints what it says`, { timeout: 30_000 }, async () => {
      await compiled.run(block)
    })
  }
})
