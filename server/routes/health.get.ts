/** Liveness: the process answers. Touches neither database nor Redis. */
export default defineEventHandler(() => ({ status: 'ok' }))
