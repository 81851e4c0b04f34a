import { getRequestIP } from 'h3'
import { useApp } from '#server/platform/app.ts'

/**
 * Who asks and at which site, for everything behind: while a page is rendered the server calls its own API, and those calls count for the
 * visitor's address (rate limits), not for a nameless one.
 */
export default defineEventHandler((event) => {
  const { core: { config, clock }, taxes } = useApp()
  const told = event.context.clientAddress as string | undefined
  event.context.clientAddress = told ?? getRequestIP(event, { xForwardedFor: config.GARDU_TRUST_PROXY })
  event.context._platform = { clientAddress: event.context.clientAddress }
  event.context.site = { baseUrl: config.GARDU_BASE_URL, name: config.SELLER_NAME, address: config.SELLER_ADDRESS, email: config.SELLER_EMAIL, phone: config.SELLER_PHONE ?? null, ppn: taxes.sellerIsPkp(clock.now()), demo: config.GARDU_DEMO }
})
