import { useApp } from '#server/platform/app.ts'

/** Readiness: database and transient store answer; 503 otherwise, so that a load balancer looks elsewhere. */
export default defineEventHandler(async (event) => {
  try {
    await useApp().ready()
    return { status: 'ready' }
  } catch {
    setResponseStatus(event, 503)
    return { status: 'unavailable' }
  }
})
