/**
 * Cells: what a step is said to read or write of a shared object. One of its properties, its list of keys, or all of it.
 *
 * A cell is known by identity, and has a label for people. Stands on the footprint. Leaves to the views which cell an access is of.
 */
import { reads, writes } from '../../../greenlet/footprint.ts'

/** Stand for what is no property. */
const KEYS: unique symbol = Symbol('keys')
const WHOLE: unique symbol = Symbol('whole')

/** What a step reads or writes. */
class Cell {
  readonly #name: string
  readonly #key: PropertyKey

  constructor(name: string, key: PropertyKey) {
    this.#name = name
    this.#key = key
  }

  get label(): string {
    if (this.#key === KEYS) return `keys of ${this.#name}`
    return this.#key === WHOLE ? this.#name : memberName(this.#name, this.#key)
  }
}

/** How a cell is called in reports: `account.balance`, `items[2]`, `keys of account`. Undefined: it is none. */
export function labelOf(cell: object): string | undefined {
  return cell instanceof Cell ? cell.label : undefined
}

/** A property of something, as it is written in a program. */
export function memberName(name: string, key: PropertyKey): string {
  if (typeof key === 'symbol') return `${name}[${String(key)}]`
  const text = String(key)
  if (/^(?:0|[1-9]\d*)$/u.test(text)) return `${name}[${text}]`
  return /^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u.test(text) ? `${name}.${text}` : `${name}[${JSON.stringify(text)}]`
}

/** The cells of an object that is seen property by property. */
export class Cells {
  readonly #name: string
  readonly #cells = new Map<PropertyKey, Cell>()

  constructor(name: string) {
    this.#name = name
  }

  read(key: PropertyKey): void {
    reads(this.#cell(key))
  }

  write(key: PropertyKey): void {
    writes(this.#cell(key))
  }

  /** Which properties there are. */
  readKeys(): void {
    reads(this.#cell(KEYS))
  }

  writeKeys(): void {
    writes(this.#cell(KEYS))
  }

  /** These properties, and which there are. */
  writeAll(keys: readonly PropertyKey[]): void {
    this.writeKeys()
    for (const key of keys) this.write(key)
  }

  #cell(key: PropertyKey): Cell {
    let cell = this.#cells.get(key)
    if (cell === undefined) {
      cell = new Cell(this.#name, key)
      this.#cells.set(key, cell)
    }
    return cell
  }
}

/** What is seen as a whole: objects that may reach each other unseen. Who touches one of them touches all. */
export class Region {
  /** What it has become part of; null: nothing. */
  #into: Region | null = null
  readonly #cells: Cell[]

  constructor(name: string) {
    this.#cells = [new Cell(name, WHOLE)]
  }

  read(): void {
    for (const cell of this.#all()) reads(cell)
  }

  write(): void {
    for (const cell of this.#all()) writes(cell)
  }

  writeAll(): void {
    this.write()
  }

  /** Makes one of the two, from now on. */
  join(other: Region): void {
    const mine = this.#root()
    const others = other.#root()
    if (mine === others) return
    mine.#cells.push(...others.#cells)
    others.#into = mine
  }

  #all(): readonly Cell[] {
    return this.#root().#cells
  }

  #root(): Region {
    return this.#into === null ? this : this.#into.#root()
  }
}
