// The type-aware rules. Formatting and import order are biome's (biome.json), floors and cycles dependency-cruiser's.
import js from '@eslint/js'
import { defineConfig, globalIgnores } from 'eslint/config'
import { tsImport } from 'tsx/esm/api'
import tseslint from 'typescript-eslint'

// Our own rules, from their source: what we check ourselves with is what we write. Node 20 cannot import TypeScript.
const { default: greenloop } = await tsImport('./src/eslint/index.ts', import.meta.url)

const clockReason = 'The hub owns every source of order: go through src/hub/clock.ts, so that tests can replace it.'
const timers = ['setTimeout', 'setInterval', 'setImmediate', 'clearTimeout', 'clearInterval', 'clearImmediate']
const readings = [
  ['Date', 'now'],
  ['Math', 'random'],
  ['performance', 'now'],
  ['process', 'hrtime'],
]

export default defineConfig(
  // The fixtures of our own rules are mistakes; what is built is checked where it is written.
  globalIgnores(['dist/', 'coverage/', 'test/eslint/fixtures/', 'src/trace/built/', 'bench/built/']),
  { linterOptions: { reportUnusedDisableDirectives: 'error' } },
  js.configs.recommended,
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.strictTypeChecked, greenloop.configs.recommended],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      // A greenlet's body need not wait: `spawn(function* () { return 1 })` is a fine greenlet.
      'require-yield': 'off',
      // The public promise "no any in a signature" begins here.
      '@typescript-eslint/no-explicit-any': 'error',
      eqeqeq: ['error', 'always', { null: 'ignore' }],
      // Trampoline, hub and servers are loops that end by return, throw or never.
      '@typescript-eslint/no-unnecessary-condition': [
        'error',
        { allowConstantLoopConditions: 'only-allowed-literals' },
      ],
      // A greenlet carries whatever its body threw; we pass it on as it is. Throwing a literal of our own stays an error.
      '@typescript-eslint/only-throw-error': ['error', { allowThrowingUnknown: true, allowRethrowing: true }],
      '@typescript-eslint/prefer-promise-reject-errors': ['error', { allowThrowingUnknown: true }],
      // The kernel's types are interfaces, so that its files do not import each other round in circles; every coroutine is a
      // RawGreenlet, and every task of the hub a Greenlet.
      '@typescript-eslint/no-unsafe-class-instance-assignment': 'off',
      // `hub.defer(() => waiter.wake())`: a callback whose value nobody takes may be short.
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      // Numbers and flags read well in messages; objects, null and undefined stay errors.
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      // `using _ = yield* lock.hold()` is used by being there; a leading underscore says the same of a parameter.
      '@typescript-eslint/no-unused-vars': [
        'error',
        { argsIgnorePattern: '^_', varsIgnorePattern: '^_', ignoreUsingDeclarations: true },
      ],
    },
  },
  {
    // A project to be copied, with its own settings.
    files: ['examples/testing/*.ts'],
    languageOptions: { parserOptions: { projectService: false, project: './tsconfig.json' } },
  },
  {
    files: ['src/**/*.ts'],
    // What is embedded runs in a browser or a thread of its own, where there is no hub.
    ignores: ['src/hub/clock.ts', 'src/testing/**', 'src/embedded/**'],
    rules: {
      'no-restricted-globals': [
        'error',
        { globals: timers.map((name) => ({ name, message: clockReason })), checkGlobalObject: true },
      ],
      'no-restricted-properties': [
        'error',
        ...readings.map(([object, property]) => ({ object, property, message: clockReason })),
      ],
      'no-restricted-syntax': [
        'error',
        { selector: "NewExpression[callee.name='Date'][arguments.length=0]", message: clockReason },
      ],
      'no-restricted-imports': [
        'error',
        {
          paths: ['timers', 'timers/promises', 'perf_hooks'].flatMap((name) =>
            [name, `node:${name}`].map((path) => ({ name: path, message: clockReason, allowTypeImports: true })),
          ),
        },
      ],
    },
  },
  {
    files: ['src/eslint/**/*.ts'],
    rules: {
      // The kinds of syntax are an enum of a package that this room only knows the types of; its values are the strings.
      '@typescript-eslint/no-unsafe-enum-comparison': 'off',
    },
  },
  {
    files: ['src/monkey/**/*.ts'],
    rules: {
      // This room keeps methods, unbound, to put them back as they were.
      '@typescript-eslint/unbound-method': 'off',
    },
  },
  {
    files: ['test/**/*.ts', 'bench/**/*.ts'],
    rules: {
      // An async or generator body without a wait is a case to test and a row to measure.
      '@typescript-eslint/require-await': 'off',
      // What a test has just put there, it may take; a wrong `!` fails the test.
      '@typescript-eslint/no-non-null-assertion': 'off',
      // `expect.any(Error)` and `expect.anything()` are any by declaration.
      '@typescript-eslint/no-unsafe-assignment': 'off',
      // `expect(net.Socket.prototype.connect).toBe(original)` compares methods and does not call them.
      '@typescript-eslint/unbound-method': 'off',
      // Greenlets must carry any thrown value: tests throw strings, numbers and undefined through them.
      '@typescript-eslint/only-throw-error': 'off',
      '@typescript-eslint/prefer-promise-reject-errors': 'off',
    },
  },
  {
    files: ['test/**/*.ts'],
    rules: {
      // What arrives at a wait is what most of them look at: they catch it all.
      'greenloop/no-swallowed-interrupt': 'off',
    },
  },
  {
    files: ['test/**/*.test-d.ts'],
    rules: {
      // Type tests are compiled, never run: a lone expression under @ts-expect-error is the assertion.
      '@typescript-eslint/no-unused-expressions': 'off',
      '@typescript-eslint/no-floating-promises': 'off',
      '@typescript-eslint/await-thenable': 'off',
      'greenloop/no-floating-operation': 'off',
    },
  },
  {
    // The tools' own files are plain CommonJS where a tool asks for it.
    files: ['**/*.cjs'],
    languageOptions: { sourceType: 'commonjs', globals: { module: 'writable', require: 'readonly' } },
  },
)
