/**
 * Compiles code blocks as a user's program would be: strictly, against the types of `src`, and runs each with plain Node.
 *
 * Two passes, since the blocks can run while they are still being checked. One erases the types of the blocks, into a folder with a copy of
 * package.json, in which `greenloop` means the library as it was compiled for this run of the tests; so a block needs no tsx. The other
 * checks.
 *
 * Most blocks run one after the other in few processes. One that is different there, or that changes or ends its process, has a process of
 * its own, and what it does there counts. So has one that prints its own lines: it stands in a folder of its own, under its name, and is run
 * there as a user does it, by tsx or by vitest.
 */
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import ts from 'typescript'
import { expect } from 'vitest'
import { type Printed, runTogether } from './batch.ts'
import { type Block, normal, pattern } from './pages.ts'
import { execute, REPOSITORY } from './processes.ts'

/** Compiled blocks. */
export interface Compiled {
  /** What the compiler says of a block. */
  errors(block: Block): string[]
  /** Runs a block, and expects of it what it says. `web`: the environment of a block that needs the network. */
  run(block: Block, web?: Record<string, string> | null): Promise<void>
  /** Removes the folder. */
  remove(): void
}

/** What belongs to a whole process and is not put back by a block that changes it, and the web. */
const OWN_PROCESS =
  /\bprocess\.|monkey|signalHandler|nextSignal|setDebug|config\.|settrace|setswitchinterval|setServers|express|https:\/\/[a-z]/u

const VITEST = join(REPOSITORY, 'node_modules/vitest/vitest.mjs')
const VITEST_DOOR = 'greenloop/testing/vitest'
/** What a test imports; it prints, besides what is said of it, what its runner has to say. */
const RUNNER = /from '(node:test|greenloop\/testing\/vitest)'/u

/** Compiles `blocks`. */
export function compile(blocks: readonly Block[]): Compiled {
  const folder = mkdtempSync(join(REPOSITORY, 'test/.tmp-blocks-'))
  const slugOf = (block: Block): string => block.name.replace(/[^\w.]/gu, '-')
  const fileOf = (block: Block): string =>
    join(folder, block.file === null ? `${slugOf(block)}.ts` : `${slugOf(block)}/${block.file}`)
  const options = optionsOfBlocks()
  const erasing = { ...options, module: ts.ModuleKind.ESNext, moduleResolution: ts.ModuleResolutionKind.Bundler }

  function erase(source: string, target: string): void {
    mkdirSync(dirname(join(folder, target)), { recursive: true })
    const { outputText } = ts.transpileModule(source, { compilerOptions: erasing })
    writeFileSync(join(folder, target.replace(/ts$/u, 'js')), outputText)
  }

  copyFileSync(join(REPOSITORY, 'package.json'), join(folder, 'package.json'))
  symlinkSync(join(process.env['GREENLOOP_PROGRAMS'] ?? '', 'src'), join(folder, 'dist'))
  erase(readFileSync(new URL('web.ts', import.meta.url), 'utf8'), 'web.ts')
  // tsx and vitest would take the repository's, where `greenloop` means src.
  writeFileSync(join(folder, 'tsconfig.json'), '{}')
  writeFileSync(join(folder, 'vitest.config.js'), 'export default {}')
  for (const block of blocks) {
    mkdirSync(dirname(fileOf(block)), { recursive: true })
    writeFileSync(fileOf(block), block.code)
    if (block.file === null) erase(block.code, fileOf(block).slice(folder.length))
  }

  const scriptOf = (block: Block): string => fileOf(block).replace(/ts$/u, 'js')
  const together = runTogether(
    blocks
      .filter(({ code, exitCode, file }) => exitCode === 0 && file === null && !OWN_PROCESS.test(code))
      .map(scriptOf),
  )
  const matches = ({ stdout, stderr }: Printed, block: Block): boolean =>
    stderr === '' && pattern(block.expected).test(normal(stdout))

  async function runFile(block: Block, file: string): Promise<void> {
    const [, runner] = RUNNER.exec(block.code) ?? []
    const args = runner === VITEST_DOOR ? [VITEST, 'run', file] : ['--import', 'tsx', file]
    const { stdout, stderr, code } = await execute(process.execPath, args, {}, dirname(fileOf(block)))
    if (runner === undefined) expect(stderr).toBe('')
    expect(normal(stdout + stderr)).toMatch(pattern(block.expected, runner !== undefined))
    expect(code).toBe(block.exitCode)
  }

  let program: ts.Program | null = null
  return {
    errors(block) {
      program ??= ts.createProgram(blocks.map(fileOf), options)
      const source = program.getSourceFile(fileOf(block))
      const found = [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)]
      return found.map(({ messageText, start = 0 }) => {
        const line = source?.getLineAndCharacterOfPosition(start).line ?? 0
        return `line ${line + 1}: ${ts.flattenDiagnosticMessageText(messageText, '\n')}`
      })
    },
    async run(block, web = null) {
      if (block.file !== null) {
        await runFile(block, block.file)
        return
      }
      const printed = web === null ? await together.get(scriptOf(block)) : null
      if (printed != null && matches(printed, block)) return
      const preload = web === null ? [] : ['--import', join(folder, 'web.js')]
      const { stdout, stderr, code } = await execute(process.execPath, [...preload, scriptOf(block)], web ?? {})
      expect(stderr).toBe('')
      expect(normal(stdout)).toMatch(pattern(block.expected))
      expect(code).toBe(block.exitCode)
    },
    remove() {
      rmSync(folder, { recursive: true })
    },
  }
}

/** The repository's own options, less what only matters for a library. */
function optionsOfBlocks(): ts.CompilerOptions {
  const { config } = ts.readConfigFile(join(REPOSITORY, 'tsconfig.json'), (path) => ts.sys.readFile(path)) as {
    config: { compilerOptions: object }
  }
  const changes = { declaration: false, isolatedDeclarations: false, noUnusedLocals: false }
  return ts.convertCompilerOptionsFromJson({ ...config.compilerOptions, ...changes }, REPOSITORY).options
}
