/**
 * A one-line page on the same Nuxt with the same modules: what an uncached page of Gardu is measured against. What is left is what our own
 * pages, layouts and questions to our own API cost.
 */
export default {
  modules: ['@nuxt/ui', 'nuxt-auth-utils', '@nuxtjs/i18n', 'nuxt-security'],
  devtools: { enabled: false }, css: ['~/main.css'],
  runtimeConfig: { session: { password: 'a-password-that-only-the-benchmark-uses' } },
  experimental: { appManifest: false }, compatibilityDate: '2026-11-01', telemetry: false,
  fonts: { providers: { google: false, googleicons: false, bunny: false, fontshare: false, adobe: false, fontsource: false } },
  i18n: { strategy: 'prefix_except_default', defaultLocale: 'id', detectBrowserLanguage: false, locales: [{ code: 'id', language: 'id-ID' }, { code: 'en', language: 'en-US' }] },
  icon: { mode: 'svg', provider: 'server', fallbackToApi: false },
  security: { rateLimiter: false },
}
