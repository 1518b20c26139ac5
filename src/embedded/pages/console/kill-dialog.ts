/**
 * Asks before a greenlet is killed. Whoever holds Enter down, or hits it twice, kills nobody: Cancel has the focus.
 */
import { html } from '../shared/element.ts'

/** The one dialog of the page. */
export class KillDialog {
  readonly element: HTMLDialogElement
  /** Whether the process lets greenlets be killed. */
  mayKill = false
  readonly #name: HTMLElement
  readonly #kill: (id: number) => Promise<string>
  readonly #said: HTMLElement
  #id = 0

  /** @param kill - kills, and answers what is to be said. */
  constructor(kill: (id: number) => Promise<string>) {
    this.#kill = kill
    this.#name = html('code', {})
    this.#said = html('p', { class: 'said', role: 'status', hidden: '' })
    const cancel = html('button', { type: 'button', class: 'cancel' }, 'Cancel')
    const confirm = html('button', { type: 'button', class: 'danger' }, 'Kill it')
    this.element = html(
      'dialog',
      { 'aria-labelledby': 'kill-title', class: 'kill' },
      html('h2', { id: 'kill-title' }, 'Kill ', this.#name, '?'),
      html('p', {}, 'GreenletExit is thrown at its wait, so that its finally blocks run. This cannot be taken back.'),
      html('div', { class: 'buttons' }, cancel, confirm),
    )
    cancel.autofocus = true
    cancel.addEventListener('click', () => this.element.close())
    confirm.addEventListener('click', () => {
      this.element.close()
      void this.#send()
    })
    this.element.addEventListener('click', (event) => {
      if (event.target === this.element) this.element.close() // beside it
    })
    document.body.append(this.#said)
  }

  /** Asks about one; does nothing when it may not be killed. */
  ask(id: number, name: string): void {
    if (!this.mayKill || this.element.open) return
    this.#id = id
    this.#name.textContent = name
    this.element.showModal()
  }

  async #send(): Promise<void> {
    this.#said.textContent = await this.#kill(this.#id)
    this.#said.hidden = false
    setTimeout(() => {
      this.#said.hidden = true
    }, 4000)
  }
}
