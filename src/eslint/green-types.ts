/**
 * Tells by its type what a value is to the rules: a generator or an operation of greenloop, or none of their business.
 *
 * Stands on the compiler's types alone. The mark is the brand of `Suspend`: what is iterated and yields it can be driven with `yield*`,
 * whatever its class, its alias, or the copy of greenloop that it comes from. Leaves to the rules what may be done with it where.
 */
import type ts from 'typescript'

/**
 * - `generator`: what calling a green function gives. No thenable, so `await` gives it back as it is.
 * - `operation`: a wait that has not begun, for `yield*` and `await`.
 * - `begun`: an operation whose effect was at the call (`kill()`); driving it only waits.
 * - `switch`: what `switch()` and `throw()` give; in plain code it runs at the call.
 * - `other`: `yield*` takes it, but it lives without: a promise, a socket.
 */
export type Part = 'generator' | 'operation' | 'begun' | 'switch' | 'other'

/** Looks at types, and remembers what it has found. */
export class GreenTypes {
  readonly #checker: ts.TypeChecker
  readonly #known = new Map<ts.Type, Part | null>()

  constructor(checker: ts.TypeChecker) {
    this.#checker = checker
  }

  /** What each member of the union `type` is; null where it cannot be driven. */
  partsOf(type: ts.Type): readonly (Part | null)[] {
    const bound = this.#checker.getBaseConstraintOfType(type) ?? type
    return (bound.isUnion() ? bound.types : [bound]).map((member) => {
      let part = this.#known.get(member)
      if (part === undefined) {
        part = this.#partOf(member)
        this.#known.set(member, part)
      }
      return part
    })
  }

  /** What calling a value of this type gives, over all its signatures; empty for what cannot be called. */
  resultsOf(type: ts.Type): readonly (Part | null)[] {
    return type.getCallSignatures().flatMap((signature) => this.partsOf(signature.getReturnType()))
  }

  /** Whether whoever calls a function of this type drops what it returns. */
  isDropping(type: ts.Type): boolean {
    const bound = this.#checker.getNonNullableType(type)
    const signatures = (bound.isUnion() ? bound.types : [bound]).flatMap((member) => member.getCallSignatures())
    const dropped = this.#checker.getVoidType()
    return signatures.length > 0 && signatures.every((signature) => signature.getReturnType() === dropped)
  }

  #partOf(type: ts.Type): Part | null {
    if (!this.#yieldsSuspend(type)) return null
    if (type.getProperty('then') === undefined) return type.getProperty('next') === undefined ? 'other' : 'generator'
    if (type.getProperty('catch') !== undefined) return 'other'
    if (this.#isNamed(type, 'Begun')) return 'begun'
    return this.#isNamed(type, 'Switch') ? 'switch' : 'operation'
  }

  #yieldsSuspend(type: ts.Type): boolean {
    const method = this.#branded(type, 'iterator')
    return this.#called(method)
      .flatMap((iterator) => this.#called(iterator.getProperty('next')))
      .flatMap((step) => (step.isUnion() ? step.types : [step]))
      .some((step) => {
        const value = step.getProperty('value')
        if (value === undefined) return false
        const yielded = this.#checker.getTypeOfSymbol(value)
        const members = yielded.isUnion() ? yielded.types : [yielded]
        return members.some((member) => this.#branded(member, 'suspendBrand') !== undefined)
      })
  }

  /** What the method `symbol` returns, by signature. */
  #called(symbol: ts.Symbol | undefined): readonly ts.Type[] {
    if (symbol === undefined) return []
    const type = this.#checker.getNonNullableType(this.#checker.getTypeOfSymbol(symbol))
    return type.getCallSignatures().map((signature) => signature.getReturnType())
  }

  /** The property whose key is the unique symbol `name`. The compiler calls it `__@name@number`, and has no public way to ask for it. */
  #branded(type: ts.Type, name: string): ts.Symbol | undefined {
    return this.#checker.getPropertiesOfType(type).find((property) => property.name.startsWith(`__@${name}@`))
  }

  /** Whether `type`, its alias, a member of it or a type that it extends is called `name`. */
  #isNamed(type: ts.Type, name: string): boolean {
    const symbol = type.getSymbol()
    if (symbol?.name === name || type.aliasSymbol?.name === name) return true
    if (type.isIntersection()) return type.types.some((member) => this.#isNamed(member, name))
    const declared = symbol && this.#checker.getDeclaredTypeOfSymbol(symbol)
    return (
      declared?.isClassOrInterface() === true &&
      this.#checker.getBaseTypes(declared).some((base) => this.#isNamed(base, name))
    )
  }
}
