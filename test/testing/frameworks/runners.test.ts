// What vitest and node:test print of green tests: one run of each, in processes of their own.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { beforeAll, describe, expect, it } from 'vitest'
import { execute } from '../../house/support/processes.ts'
import { programPath } from '../../support/program.ts'

const PROJECT = fileURLToPath(new URL('projects/vitest', import.meta.url))
const VITEST = fileURLToPath(new URL('../../../node_modules/vitest/vitest.mjs', import.meta.url))

/** What vitest's JSON reporter writes of a test. */
interface Reported {
  fullName: string
  status: string
  meta: object
}

/** What vitest says below the line that names a failing test. */
function failureIn(printed: string, name: string): string {
  const [, rest = ''] = printed.split(` > ${name}\n`)
  return rest.split('\n\n⎯⎯⎯')[0] ?? ''
}

describe('vitest', () => {
  let printed = ''
  let reported: Reported[] = []

  beforeAll(async () => {
    const folder = mkdtempSync(join(tmpdir(), 'greenloop-'))
    const file = join(folder, 'report.json')
    const args = ['run', '--root', PROJECT, '--reporter=default', '--reporter=json', `--outputFile.json=${file}`]
    const { stdout, stderr } = await execute(process.execPath, [VITEST, ...args], {
      GREENLOOP_PROGRAMS: process.env['GREENLOOP_PROGRAMS'] ?? '',
    })
    printed = stdout + stderr
    const { testResults } = JSON.parse(readFileSync(file, 'utf8')) as {
      testResults: { assertionResults: Reported[] }[]
    }
    reported = testResults.flatMap(({ assertionResults }) => assertionResults)
    rmSync(folder, { recursive: true })
  }, 30_000)

  const keeps = () => failureIn(printed, 'an account > keeps what it is given')

  it('shows the report of a failing schedule, with what was thrown in its first line', () => {
    expect(keeps()).toMatch(
      /^ScheduleFailure: AssertionError: expected 1 to be 2 \/\/ Object\.is equality\n\n +main +deposit-2 +deposit-3\n/u,
    )
  })

  it('shows a command that runs the failing schedule, and no other test', () => {
    expect(keeps()).toMatch(
      /\n {2}await replay\(body, '(s1:\S+)'\)\n {2}GREENLOOP_REPLAY='\1' npx vitest run -t 'an account keeps what it is given'\n/u,
    )
  })

  it('shows the difference and the line of the assertion', () => {
    expect(keeps().slice(keeps().indexOf('- Expected'))).toBe(
      '- Expected\n+ Received\n\n- 2\n+ 1\n\n' +
        ' ❯ account.spec.ts:22:21\n' +
        '     20|     }\n' +
        '     21|     yield* joinall([spawn(deposit), spawn(deposit)])\n' +
        '     22|     expect(balance).toBe(2)\n' +
        '       |                     ^\n' +
        '     23|   })\n' +
        '     24|',
    )
  })

  it('shows the lines at which all wait for each other', () => {
    const text = failureIn(printed, 'an account > is locked in order')
    expect(text).toContain('These wait for each other in a circle:\n')
    expect(text.slice(text.indexOf(' ❯ '))).toMatch(
      /^ ❯ transfer-2 account\.spec\.ts:29:\d+\n[\s\S]* 29\| {7}yield\* to\.acquire\(\)\n[\s\S]*\n ❯ transfer-3 account\.spec\.ts:29:\d+$/u,
    )
  })

  it('shows an exploration that has not come to its end where the test is defined', () => {
    const text = failureIn(printed, 'an account > has too many schedules')
    expect(text).toMatch(/^TestingError: Not every schedule was run: maxExecutions was reached\.\n/u)
    expect(text).toContain(
      "\n ❯ account.spec.ts:36:6\n     34|   })\n     35|\n     36|   it.explore('has too many schedules', ",
    )
  })

  it('shows what is left behind where the test is defined', () => {
    const text = failureIn(printed, 'an account > leaves a server')
    expect(text).toMatch(/^TestingError: The test leaves something behind:\n\n {2}a server on 127\.0\.0\.1:\d+\n\n/u)
    expect(text).toContain(
      "\n ❯ account.spec.ts:40:6\n     38|   })\n     39|\n     40|   it.green('leaves a server', ",
    )
  })

  it('shows an error of a green test as any other', () => {
    expect(failureIn(printed, 'an account > is not what it was')).toMatch(
      /^AssertionError: expected 1000 to be 1001 [\s\S]*\n ❯ account\.spec\.ts:47:21\n/u,
    )
  })

  it('shows behind a test that does not end, though it was killed, that it is to blame', () => {
    expect(failureIn(printed, 'waits for ever')).toMatch(/^Error: Test timed out in 50ms\./u)
    expect(printed).toContain('✓ comes after it')
    const text = failureIn(printed, 'comes last')
    expect(text).toMatch(
      /^TestingError: The test cannot begin, since "waits for ever in a finally" is still under way\. /u,
    )
    expect(text).toContain('\n ❯ stuck.spec.ts:23:4\n')
  })

  it('tells its reporters what was explored, and how to replay what fails', () => {
    expect(Object.fromEntries(reported.map(({ fullName, meta }) => [fullName, meta]))).toEqual({
      'an account keeps what it is given': { greenloop: { trace: expect.stringMatching(/^s1:a:/u) } },
      'an account is locked in order': { greenloop: { trace: expect.stringMatching(/^s1:a:/u) } },
      'an account has too many schedules': {},
      'an account leaves a server': {},
      'an account is not what it was': {},
      'an account passes': { greenloop: { summary: expect.stringMatching(/^\d+ schedules, all there are /u) } },
      'waits for ever': {},
      'comes after it': {},
      'waits for ever in a finally': {},
      'comes last': {},
    })
    expect(reported.filter(({ status }) => status === 'passed').map(({ fullName }) => fullName)).toEqual([
      'an account passes',
      'comes after it',
    ])
  })
})

describe('node:test', () => {
  let printed = ''

  beforeAll(async () => {
    const program = programPath('../../testing/frameworks/programs/account.ts')
    const { stdout, stderr } = await execute(process.execPath, [
      ...['--enable-source-maps', '--test', '--test-reporter=spec'],
      program,
    ])
    printed = stdout + stderr
  }, 30_000)

  it('runs green tests, with its hooks, variants and options', () => {
    const results = [...printed.split('failing tests:')[0]!.matchAll(/^ +([✔✖﹣]) (.*) \([\d.]+ms\)/gmu)]
    expect(results.map(([, sign, name]) => `${sign} ${name}`)).toEqual([
      '✔ lets an hour pass',
      '✔ opens what a hook closes',
      '✖ leaves a server',
      '✖ keeps what it is given',
      '✔ passes',
      '✔ passes by chance',
      '﹣ is left out',
    ])
  })

  it('says what was explored', () => {
    expect(printed).toMatch(/✔ passes \(.*\n +ℹ \d+ schedules, all there are \(order: any; /u)
    expect(printed).toMatch(/✔ passes by chance \(.*\n +ℹ 20 schedules by chance, .*seed 42/u)
  })

  it('shows the report, and a command that runs the failing schedule', () => {
    expect(printed).toMatch(/\n +ScheduleFailure: Error: balance: 1\n/u)
    expect(printed).toMatch(
      /\n +GREENLOOP_REPLAY='s1:\S+' node .*--test --test-name-pattern 'keeps what it is given' /u,
    )
    expect(printed).toMatch(/programs\/account\.ts:48:30\)/u)
  })

  it('shows what is left behind where the test is defined', () => {
    expect(printed).toMatch(
      /The test leaves something behind:\s+a server on 127\.0\.0\.1:\d+\s+It would go on .*\n +at .*programs\/account\.ts:36:3\) \{/u,
    )
  })
})
