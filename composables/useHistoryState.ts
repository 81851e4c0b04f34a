import type { z } from 'zod'
import type { serviceView } from '#shared/contracts/portal.ts'

type Watched = Pick<z.output<typeof serviceView>, 'status' | 'sagas'>
/** Changes whenever the history of a service may have: a state of it, of its newest tasks or of one of their steps. */
export const useHistoryState = (service: Readonly<Ref<Watched | null | undefined>>) => computed(() => {
  const now = service.value
  return now ? [now.status, ...now.sagas.map(({ id, status, callingOff, steps }) => `${id} ${status} ${callingOff} ${steps.map(step => step.status).join()}`)].join(' ') : ''
})
