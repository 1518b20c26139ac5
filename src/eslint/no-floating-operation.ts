/**
 * `greenloop/no-floating-operation`: finds the waits that nobody drives, the forgotten `yield*` above all.
 *
 * An operation is a recipe, and the call of a green function a generator that stands at its start. Dropped, given to `void`, handed out
 * by a bare `yield`, returned to a caller who wants nothing, or asked whether it is true, neither does anything. The compiler sees few of
 * these mistakes, and the trampoline only those that reach it.
 *
 * Stands on `green-types.ts` (what a value is), `place.ts` (where it stands) and `handlers.ts` (who drives after all); `wording.ts` writes the lines of the messages.
 */
import type { TSESLint, TSESTree } from '@typescript-eslint/utils'
import type ts from 'typescript'
import { GreenTypes, type Part } from './green-types.ts'
import { emitterOf, isRequestHandler, isServer } from './handlers.ts'
import { decidingIn, generatorAround, lostWith, type Place, placeOf } from './place.ts'
import { typedServices } from './services.ts'
import { guarded, type Line, methodOf, namesOf, short, spawned, spawningCallback, table } from './wording.ts'

type MessageId = 'bare' | 'maybe' | 'void' | 'yield' | 'await' | 'callback' | 'condition'
type Context = Readonly<TSESLint.RuleContext<MessageId, []>>
type Parts = readonly (Part | null)[]
type Fix = TSESLint.ReportFixFunction | null

/** What makes a value or names one. An assignment has the type of its value, too, and does not lose it. */
const PRODUCERS: ReadonlySet<string> = new Set([
  'CallExpression',
  'ChainExpression',
  'Identifier',
  'MemberExpression',
  'NewExpression',
  'TaggedTemplateExpression',
])

/** Where a function that has a name is handed on by it. */
const HANDED_ON = [
  ':matches(CallExpression, NewExpression) > .arguments',
  'ArrayExpression > .elements',
  'ArrowFunctionExpression > .body',
  'AssignmentExpression > .right',
  'ConditionalExpression > :matches(.consequent, .alternate)',
  'LogicalExpression > .right',
  'ObjectExpression > Property > .value',
  'PropertyDefinition > .value',
  'ReturnStatement > .argument',
  'VariableDeclarator > .init',
].join(', ')

/** A module that is written as ESM and will be compiled to CommonJS, which knows no `await` at its top. */
const COMMON_JS = 1 satisfies ts.ModuleKind.CommonJS

/** The rule. */
export const noFloatingOperation: TSESLint.RuleModule<MessageId> = {
  meta: {
    type: 'problem',
    docs: { description: 'Require that operations and generators of greenloop are driven' },
    fixable: 'code',
    schema: [],
    messages: {
      bare: '`{{code}}` is {{thing}} that nobody drives, so nothing happens.\n\n{{lines}}',
      maybe: '`{{code}}` is {{thing}}, or nothing at all, and nobody drives it.\n\n{{lines}}',
      void: '`void` drops {{thing}} that nobody has driven, so nothing happens.\n\n{{lines}}',
      yield: '`yield` without the star hands {{thing}} out and does not drive it.\n\n{{lines}}',
      await: '`await` does not drive a generator: it gives it back, and nothing of it has run.\n\n{{lines}}',
      callback: 'Whoever calls this function drops what it returns: {{thing}} that nobody drives.\n\n{{lines}}',
      condition: '`{{code}}` is {{thing}}, which as a condition is always true.\n\n{{lines}}',
    },
  },
  create(context) {
    const judge = new Judge(context)
    return {
      ExpressionStatement(node) {
        judge.lost(node.expression)
      },
      SequenceExpression(node) {
        for (const expression of node.expressions.slice(0, -1)) judge.lost(expression)
      },
      ForStatement(node) {
        if (node.init !== null && node.init.type !== 'VariableDeclaration') judge.lost(node.init)
        if (node.update !== null) judge.lost(node.update)
        if (node.test !== null) judge.condition(node.test)
      },
      UnaryExpression(node) {
        if (node.operator === 'void') judge.void(node)
        if (node.operator === '!') judge.condition(node.argument)
      },
      YieldExpression(node) {
        if (!node.delegate && node.argument !== null) judge.yield(node, node.argument)
      },
      AwaitExpression(node) {
        judge.await(node)
      },
      'IfStatement, WhileStatement, DoWhileStatement, ConditionalExpression'(node: { test: TSESTree.Expression }) {
        judge.condition(node.test)
      },
      LogicalExpression(node) {
        if (node.operator !== '??') judge.condition(node.left)
      },
      'ArrowFunctionExpression, FunctionExpression'(
        node: TSESTree.ArrowFunctionExpression | TSESTree.FunctionExpression,
      ) {
        judge.callback(node)
      },
      [HANDED_ON](node: TSESTree.Node) {
        if (node.type === 'Identifier' || node.type === 'MemberExpression') judge.callback(node)
      },
    }
  },
}

/** Judges the expressions of one file. */
class Judge {
  readonly #context: Context
  readonly #source: Readonly<TSESLint.SourceCode>
  readonly #services: ReturnType<typeof typedServices>
  readonly #types: GreenTypes
  /** What code outside of all functions may use to wait. */
  readonly #top: Place

  constructor(context: Context) {
    this.#context = context
    this.#source = context.sourceCode
    this.#services = typedServices(context.sourceCode.parserServices, 'no-floating-operation')
    this.#types = new GreenTypes(this.#services.program.getTypeChecker())
    const { ast } = context.sourceCode
    const isEsm =
      ast.sourceType === 'module' && this.#services.esTreeNodeToTSNodeMap.get(ast).impliedNodeFormat !== COMMON_JS
    this.#top = isEsm ? 'async' : 'plain'
  }

  /** An expression whose value is lost. */
  lost(expression: TSESTree.Expression): void {
    for (const node of lostWith(expression)) {
      if (PRODUCERS.has(node.type)) this.#lostValue(node)
    }
  }

  #lostValue(node: TSESTree.Expression): void {
    const { parts, place } = this.#look(node)
    if (!parts.some((part) => mustBeDriven(part, place))) return
    const code = short(this.#source, node)
    const wrong: Line = [code, 'incorrect: dropped']
    if (place === 'greenlet' && parts.includes(null)) {
      const line = guarded(this.#source, node) ?? `const op = ${code}; if (op) yield* op`
      this.#report('maybe', node, parts, [wrong, [line, 'correct: waits, if there is something']])
      return
    }
    const lines = [wrong, this.#right(node, place, parts)]
    if (place === 'async' && parts.includes('generator')) {
      lines.push([spawned(this.#source, node), 'correct: runs, and nobody waits'])
    }
    this.#report('bare', node, parts, lines, fixOfLost(node, place, parts))
  }

  /** `void` drops what it is given, wherever it stands. */
  void(node: TSESTree.UnaryExpression): void {
    const { argument } = node
    const { parts, place } = this.#look(argument)
    if (!parts.some((part) => mustBeDriven(part, place))) return
    const lines: Line[] = [[short(this.#source, node), 'incorrect: dropped'], this.#right(argument, place, parts)]
    if (place !== 'plain') lines.push([spawned(this.#source, argument), 'correct: runs, and nobody waits'])
    // In async code `void` says that nobody shall wait, so `await` would not be what was meant.
    const fixable = place === 'greenlet' && !parts.includes(null) && node.parent.type === 'ExpressionStatement'
    const fix: Fix = fixable
      ? (fixer) => fixer.replaceTextRange([node.range[0], node.range[0] + 'void'.length], 'yield*')
      : null
    this.#report('void', node, parts, lines, fix)
  }

  /** A `yield` that is no `yield*`. */
  yield(node: TSESTree.YieldExpression, argument: TSESTree.Expression): void {
    if (generatorAround(node) === null) return // an async generator awaits what it yields
    const { parts, place } = this.#look(argument)
    if (!parts.some(isGreen)) return
    // A generator that is declared to make operations, as others make numbers.
    const expected = this.#services.getContextualType(argument)
    if (expected !== undefined && this.#types.partsOf(expected).some(isGreen)) return
    const lines: Line[] = [
      [short(this.#source, node), 'incorrect: not driven'],
      [`yield* ${short(this.#source, argument)}`, 'correct: waits'],
    ]
    const fixable = place === 'greenlet' && !parts.includes(null)
    this.#report('yield', node, parts, lines, fixable ? (fixer) => starAfter(fixer, node) : null)
  }

  /** `await` is right for operations, and does nothing for generators. */
  await(node: TSESTree.AwaitExpression): void {
    const { parts, place } = this.#look(node.argument)
    if (!parts.includes('generator')) return
    const lines: Line[] = [
      [short(this.#source, node), 'incorrect: gives the generator'],
      this.#right(node.argument, place, parts),
    ]
    this.#report('await', node, parts, lines)
  }

  /** An expression of which only the truth counts. */
  condition(test: TSESTree.Expression): void {
    for (const node of decidingIn(test)) {
      const { parts, place } = this.#look(node)
      if (!parts.every(isGreen)) continue // one that may be missing may be asked for
      const wrong: Line = [short(this.#source, node), 'incorrect: true before it has begun']
      this.#report('condition', node, parts, [wrong, this.#right(node, place, parts)])
    }
  }

  /** A function, or the name of one, that is handed to somebody who drops what it returns. */
  callback(node: TSESTree.Expression): void {
    const type = this.#services.getTypeAtLocation(node)
    const parts = this.#types.resultsOf(type).filter((part) => mustBeDriven(part, 'plain'))
    if (parts.length === 0) return
    const expected = this.#expected(node)
    if (expected === undefined || !this.#types.isDropping(expected) || this.#isHandler(node, expected)) return
    const [signature] = type.getCallSignatures()
    const parameters =
      'params' in node ? namesOf(node.params) : (signature?.parameters ?? []).map((parameter) => parameter.name)
    const wrong: Line = [short(this.#source, methodOf(node) ?? node), `incorrect: returns ${thing(parts)}`]
    const right: Line = [spawningCallback(this.#source, node, parameters), 'correct: a greenlet waits']
    this.#report('callback', node, parts, [wrong, right])
  }

  /** Whether a server drives what it returns. */
  #isHandler(node: TSESTree.Expression, expected: ts.Type): boolean {
    const checker = this.#services.program.getTypeChecker()
    if (isRequestHandler(checker, checker.getNonNullableType(expected))) return true
    const emitter = emitterOf(node)
    return emitter !== null && isServer(checker, this.#services.getTypeAtLocation(emitter))
  }

  /** The type that is expected where `node` stands. */
  #expected(node: TSESTree.Expression): ts.Type | undefined {
    const method = methodOf(node)
    if (method?.parent.type !== 'ObjectExpression') return this.#services.getContextualType(node)
    // To the compiler a method is no expression, so it is asked about the object.
    const object = this.#services.getContextualType(method.parent)
    const property =
      method.key.type === 'Identifier' && !method.computed ? object?.getProperty(method.key.name) : undefined
    return property && this.#services.program.getTypeChecker().getTypeOfSymbol(property)
  }

  #look(node: TSESTree.Expression): { readonly parts: Parts; readonly place: Place } {
    const parts = this.#types.partsOf(this.#services.getTypeAtLocation(node))
    return { parts, place: parts.some(isGreen) ? this.#placeOf(node) : 'plain' }
  }

  /** A generator that is declared to yield something of its own cannot drive: to it no `yield*` is to be advised. */
  #placeOf(node: TSESTree.Node): Place {
    const declared = generatorAround(node)?.returnType
    if (!declared) return placeOf(node, this.#top)
    const type = this.#services.getTypeFromTypeNode(declared.typeAnnotation)
    return this.#types.partsOf(type).some(isGreen) ? 'greenlet' : 'plain'
  }

  /** How `node` is to be written so that it is waited for, or, where nobody can wait, so that it runs. */
  #right(node: TSESTree.Node, place: Place, parts: Parts): Line {
    const code = short(this.#source, node)
    const greenlet = spawned(this.#source, node)
    if (place === 'greenlet') return [`yield* ${code}`, 'correct: waits']
    if (place === 'plain' && parts.includes('switch')) return [`${code}.value`, 'correct: what has come back']
    if (place === 'plain') return [greenlet, 'correct: a greenlet waits']
    return parts.includes('generator')
      ? [`await ${greenlet}.get()`, 'correct: waits']
      : [`await ${code}`, 'correct: waits']
  }

  #report(messageId: MessageId, node: TSESTree.Node, parts: Parts, lines: readonly Line[], fix: Fix = null): void {
    const data = { code: short(this.#source, node), thing: thing(parts), lines: table(...lines) }
    this.#context.report({ node, messageId, data, fix })
  }
}

function isGreen(part: Part | null): boolean {
  return part !== null && part !== 'other'
}

/** Whether a value that is lost at `place` is a mistake. */
function mustBeDriven(part: Part | null, place: Place): boolean {
  if (part === 'switch') return place === 'greenlet'
  return isGreen(part) && part !== 'begun'
}

function thing(parts: Parts): string {
  return parts.includes('generator') ? 'a generator' : 'an operation'
}

function fixOfLost(node: TSESTree.Expression, place: Place, parts: Parts): Fix {
  if (place === 'plain' || (place === 'async' && parts.includes('generator'))) return null
  if (place === 'async') return (fixer) => fixer.insertTextBefore(node, 'await ')
  // `yield*` binds less than all other operators.
  if (node.parent.type !== 'LogicalExpression') return (fixer) => fixer.insertTextBefore(node, 'yield* ')
  return (fixer) => [fixer.insertTextBefore(node, '(yield* '), fixer.insertTextAfter(node, ')')]
}

function starAfter(fixer: TSESLint.RuleFixer, node: TSESTree.YieldExpression): TSESLint.RuleFix {
  const end = node.range[0] + 'yield'.length
  return fixer.insertTextAfterRange([node.range[0], end], '*')
}
