/**
 * The script that stands on a page in the place of its application: fetches and runs it at the visitor's first sign of doing
 * something. What was typed and pressed before that it remembers for `plugins/wake.client.ts`. The same for the same files, so that a hash
 * can name it. `files`: the entry, then what it imports.
 */
export const sleepScript = (files: readonly string[]): string => `(files => {
  const page = window.sleepingPage = { typed: new Set(), clicked: null }
  const signs = ['pointermove', 'pointerdown', 'keydown', 'focusin', 'click']
  const wake = () => {
    for (const sign of signs) removeEventListener(sign, wake, true)
    for (const href of files) document.head.append(Object.assign(document.createElement('link'), { rel: 'modulepreload', href }))
    import(files[0])
  }
  for (const sign of signs) addEventListener(sign, wake, { capture: true, passive: true })
  addEventListener('input', event => page.typed.add(event.target), true)
  addEventListener('click', event => page.clicked = event.target.closest('button[type=button]') ?? page.clicked, true)
})(${JSON.stringify(files).replaceAll('<', '\\u003c')})`
