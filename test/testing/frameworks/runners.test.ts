// What vitest and node:test print of green tests, in processes of their own: one each.
import { readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { beforeAll, describe, expect, it } from 'vitest'
import { type ProgramEnd, programPath, runProgram } from '../../support/program.ts'

it('todo', () => {})
