/**
 * Elements that are used again in each picture, so that drawing makes few and leaves none behind.
 */
export class Pool<E extends Element> {
  readonly #make: () => E
  readonly #parent: Element
  readonly #elements: E[] = []
  #used = 0
  #shown = 0

  constructor(parent: Element, make: () => E) {
    this.#parent = parent
    this.#make = make
  }

  /** Begins a picture. */
  begin(): void {
    this.#used = 0
  }

  take(): E {
    const element = (this.#elements[this.#used] ??= this.#make())
    if (this.#used++ >= this.#shown) {
      this.#parent.append(element)
      this.#shown = this.#used
    }
    return element
  }

  /** Takes out those that this picture does not need. */
  end(): void {
    while (this.#shown > this.#used) this.#elements[--this.#shown]?.remove()
  }
}
