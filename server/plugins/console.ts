import { useApp } from '#server/platform/app.ts'
import { takeConsoles } from '#server/platform/console-upgrades.ts'

/**
 * The websocket of consoles, on the server that Nitro opens. Nitro's own websockets are left off: with them the session module would set a
 * cookie on every page, shared ones too.
 */
export default defineNitroPlugin((nitro) => {
  nitro.hooks.hook('close', takeConsoles(() => useApp().consoles))
})
