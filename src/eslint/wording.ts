/**
 * The lines of a message: what was written, why that is wrong, and what to write instead, in the words of the code itself.
 *
 * Stands on the syntax tree alone. Leaves to the rules which of the lines apply.
 */
import type { TSESLint, TSESTree } from '@typescript-eslint/utils'

/** The text and the tree of a file. */
export type Source = Readonly<TSESLint.SourceCode>

/** One line of a message, and what is said of it. */
export type Line = readonly [code: string, remark: string]

/** `lines` below each other, with their remarks in one column. */
export function table(...lines: readonly Line[]): string {
  const width = Math.max(...lines.map(([code]) => code.length)) + 3
  return lines.map(([code, remark]) => `  ${code.padEnd(width)}// ${remark}`).join('\n')
}

/** The code of `node` on one line, without the bodies of functions and without the arguments of a call that is long. */
export function short(source: Source, node: TSESTree.Node): string {
  if (node.type === 'Property') {
    return source.text.slice(node.range[0], node.value.range[0]) + short(source, node.value)
  }
  if (
    (node.type === 'ArrowFunctionExpression' || node.type === 'FunctionExpression') &&
    node.body.type === 'BlockStatement'
  ) {
    return `${inLine(source.text.slice(node.range[0], node.body.range[0]))}{ ... }`
  }
  const text = source.getText(node)
  if (fits(text)) return text
  if (node.type === 'CallExpression') return `${short(source, node.callee)}(...)`
  const line = inLine(text)
  return line.length <= LONGEST ? line : `${line.slice(0, LONGEST - 3)}...`
}

const LONGEST = 60

/** Whether code can be quoted whole: on one line its statements would run into each other. */
function fits(code: string): boolean {
  return code.length <= LONGEST && !code.includes('\n')
}

function inLine(code: string): string {
  return code.replace(/\s+(?=\??\.)/gu, '').replace(/\s+/gu, ' ')
}

/** The call `spawn(...)` that has a greenlet do what `node` says. */
export function spawned(source: Source, node: TSESTree.Node): string {
  if (node.type !== 'CallExpression' || node.callee.type !== 'Identifier' || node.optional || node.typeArguments) {
    return `spawn(() => ${short(source, node)})`
  }
  const whole = `spawn(${[node.callee, ...node.arguments].map((one) => source.getText(one)).join(', ')})`
  return fits(whole) ? whole : `spawn(${node.callee.name}, ...)`
}

/** A callback in the place of `node` that returns nothing, and has a greenlet do the same. `parameters` are those of `node`. */
export function spawningCallback(source: Source, node: TSESTree.Node, parameters: readonly string[]): string {
  const list = parameters.join(', ')
  const method = methodOf(node)
  const head = method === null ? `(${list}) =>` : `${source.getText(method.key)}(${list})`
  const passed = parameters.map((name) => `, ${name}`).join('')
  switch (node.type) {
    case 'ArrowFunctionExpression':
      if (node.body.type !== 'BlockStatement') return `${head} { ${spawned(source, node.body)} }`
      return `${head} { spawn(${head} { ... }${passed}) }`
    case 'FunctionExpression':
      return `${head} { spawn(function${node.generator ? '*' : ''} (${list}) { ... }${passed}) }`
    case 'Identifier':
      return `${head} { spawn(${node.name}${passed}) }`
    default:
      return `${head} { spawn(() => ${short(source, node)}(${list})) }`
  }
}

/** The method of an object literal whose function `node` is. */
export function methodOf(node: TSESTree.Node): TSESTree.Property | null {
  const { parent } = node
  return parent?.type === 'Property' && parent.method && parent.value === node ? parent : null
}

/** The names of a function's parameters, as it may pass them on. */
export function namesOf(parameters: readonly TSESTree.Parameter[]): readonly string[] {
  return parameters.map((parameter, place) => {
    if (parameter.type === 'Identifier') return parameter.name
    if (parameter.type === 'RestElement' && parameter.argument.type === 'Identifier')
      return `...${parameter.argument.name}`
    return `arg${String(place + 1)}`
  })
}

/** `receiver?.wait()` as a statement that drives it if there is a receiver; null when it has no `?.`, or several. */
export function guarded(source: Source, chain: TSESTree.Expression): string | null {
  const marks = source.getTokens(chain).filter((token) => token.value === '?.')
  const [mark] = marks
  if (mark === undefined || marks.length > 1) return null
  const receiver = source.text.slice(chain.range[0], mark.range[0])
  const rest = source.text.slice(mark.range[1], chain.range[1])
  return inLine(`if (${receiver}) yield* ${receiver}${/^[([]/u.test(rest) ? '' : '.'}${rest}`)
}
