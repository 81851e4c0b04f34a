/** What a sleeping page remembers: fields that were changed, and the button, of those that do nothing by themselves, that was pressed last. */
interface SleepingPage { readonly typed: ReadonlySet<HTMLInputElement>, readonly clicked: HTMLElement | null }

/** Gives back what the visitor did before the application ran: what they typed, which hydration overwrites, and a press of a button. */
export default defineNuxtPlugin((nuxt) => {
  const { sleepingPage } = window as unknown as { sleepingPage?: SleepingPage }
  if (!sleepingPage) return
  const typed = new Map<HTMLInputElement, { value: string, checked: boolean }>()
  const note = (field: HTMLInputElement) => typed.set(field, { value: field.value, checked: field.checked })
  for (const field of sleepingPage.typed) note(field)
  const noteEvent = (event: Event) => note(event.target as HTMLInputElement)
  addEventListener('input', noteEvent)
  nuxt.hooks.hookOnce('app:suspense:resolve', () => {
    removeEventListener('input', noteEvent)
    for (const [field, state] of typed) {
      Object.assign(field, state)
      for (const event of ['input', 'change']) field.dispatchEvent(new Event(event, { bubbles: true }))
    }
    sleepingPage.clicked?.click()
  })
})
