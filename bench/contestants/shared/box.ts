/**
 * What two coroutines hand a value over by that know nothing but promises.
 */

/** One value at a time: who gets waits, who puts wakes. */
export class Box {
  #resolve: ((value: number) => void) | null = null

  put(value: number): void {
    this.#resolve?.(value)
  }

  get(): Promise<number> {
    return new Promise((resolve) => {
      this.#resolve = resolve
    })
  }
}
