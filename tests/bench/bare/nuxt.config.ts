/** The smallest page of the same Nuxt: what an uncached page of Gardu is measured against. */
export default { devtools: { enabled: false }, experimental: { appManifest: false }, compatibilityDate: '2026-11-01', telemetry: false }
