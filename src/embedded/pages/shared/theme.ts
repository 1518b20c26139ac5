/**
 * Light and dark: what the system says, until a person chooses.
 *
 * The colours are in theme.css. The choice is remembered where the browser lets us.
 */
const KEY = 'greenloop.theme'

/** Has `button` change between light and dark, and applies what was chosen before. */
export function themeButton(button: HTMLButtonElement): void {
  const system = matchMedia('(prefers-color-scheme: dark)')
  const root = document.documentElement
  const isDark = (): boolean => (root.dataset['theme'] ?? (system.matches ? 'dark' : 'light')) === 'dark'
  const show = (): void => {
    const next = isDark() ? 'light' : 'dark'
    button.textContent = isDark() ? '☀' : '☾'
    button.title = `Show it ${next}`
    button.setAttribute('aria-label', button.title)
  }
  const chosen = remembered()
  if (chosen !== null) root.dataset['theme'] = chosen
  system.addEventListener('change', show)
  button.addEventListener('click', () => {
    root.dataset['theme'] = isDark() ? 'light' : 'dark'
    remember(root.dataset['theme'])
    show()
  })
  show()
}

function remembered(): string | null {
  try {
    return localStorage.getItem(KEY)
  } catch {
    return null // a page from disk may have no storage
  }
}

function remember(theme: string): void {
  try {
    localStorage.setItem(KEY, theme)
  } catch {
    // then it holds for this page only
  }
}
