import { fileURLToPath } from 'node:url'
import { useNuxt } from '@nuxt/kit'

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url))

/**
 * Scripts: our own files, and inline ones only by nonce (personal pages) or by hash (cached pages, `server/plugins/csp-hashes.ts`).
 * Style attributes are allowed (component libraries set them), style elements are not, except by nonce or hash.
 */
const contentSecurityPolicy = {
  'default-src': ['\'self\''], 'base-uri': ['\'none\''], 'object-src': ['\'none\''], 'frame-ancestors': ['\'none\''], 'form-action': ['\'self\''], 'connect-src': ['\'self\''], 'font-src': ['\'self\''], 'img-src': ['\'self\'', 'data:'],
  'script-src': ['\'self\'', '\'nonce-{{nonce}}\''], 'script-src-attr': ['\'none\''],
  'style-src': ['\'self\'', '\'unsafe-inline\''], 'style-src-elem': ['\'self\'', '\'nonce-{{nonce}}\''], 'style-src-attr': ['\'unsafe-inline\''],
  'upgrade-insecure-requests': false,
} satisfies Record<string, string[] | false>
const publicPages = ['', '/en'].flatMap(language => [language || '/', ...['/vps/**', '/hosting/**', '/work/**', '/domains'].map(path => language + path)])

const languages = ['common', 'errors', 'storefront', 'order', 'auth', 'portal', 'admin', 'infrastructure', 'catalogue', 'ledger', 'invoicing', 'firewall', 'gateways', 'history', 'refunds', 'transfers', 'reports', 'changes', 'lives', 'options', 'webhooks', 'console', 'operations', 'monitoring', 'traffic', 'bulk']

function keepServerPrefetch() {
  const shaken = useNuxt().options.optimization.treeShake.composables.client
  shaken.vue = shaken.vue?.filter(name => name !== 'onServerPrefetch') ?? []
}

export default defineNuxtConfig({
  modules: ['@nuxt/ui', '@nuxt/eslint', 'nuxt-auth-utils', '@nuxtjs/i18n', 'nuxt-security'],
  $development: { security: { headers: { contentSecurityPolicy: false } } },
  components: [{ path: '~/components', pathPrefix: true }],
  devtools: { enabled: false },
  css: ['~/assets/css/main.css'],
  // No style element written at run time when the mode changes: the policy above refuses it.
  colorMode: { disableTransition: false },
  runtimeConfig: { session: { name: 'nuxt-session', password: '', maxAge: 30 * 86_400, sessionHeader: false, cookie: { httpOnly: true, sameSite: 'lax', path: '/' } } },
  dir: { app: 'app' },
  // Nuxt 4 with the Nuxt 3 layout: see docs/decisions/0001-nuxt-4-with-the-layout-at-the-root.md
  srcDir: '.',
  // The i18n module claims '#i18n' for itself: the two languages are named one by one.
  alias: { '#db': here('./db'), '#i18n/id': here('./i18n/locales/id'), '#i18n/en': here('./i18n/locales/en'), '#server': here('./server') },
  // The simulators are programs of their own; nothing of them may be scanned or bundled.
  ignore: ['simulators/**', 'tests/**', 'scripts/**', 'docs/**'],
  routeRules: Object.fromEntries(publicPages.map(path => [path, { security: { nonce: false } }])),
  features: { inlineStyles: false },
  // What a link leads to is loaded when somebody reaches for it, not because it came into view.
  experimental: { appManifest: false, defaults: { nuxtLink: { prefetchOn: { visibility: false, interaction: true } } } },
  compatibilityDate: '2026-11-01',
  nitro: {
    compressPublicAssets: { gzip: true, brotli: true },
    // Money is bigint, which the default target does not know.
    esbuild: { options: { target: 'es2022' } },
    plugins: [here('./server/plugins/runtime-config.ts'), here('./server/plugins/api-renders-nothing.ts')],
    typescript: { tsConfig: { include: ['../db/**/*'] } },
    // Hundreds of small files otherwise, whose loading alone takes a second of each start.
    externals: { inline: ['drizzle-orm', 'zod', '@iconify/utils', 'jose', 'axios'] },
    experimental: { tasks: true },
    scheduledTasks: {
      '7 * * * *': ['billing:sweep'],
      // After the run of the hour; the first hour of the business day keeps the plan, the others find it kept.
      '26 * * * *': ['billing:plan'],
      '*/2 * * * *': ['payments:reconcile', 'ledger:seal'],
      '17 19 * * *': ['ledger:audit'],
      '43 19 * * *': ['payments:compare'],
      '54 19 * * *': ['notifications:clear'],
      // The first field counts seconds.
      '*/30 * * * * *': ['infrastructure:collect'],
      '12 * * * *': ['infrastructure:sync'],
      '*/1 * * * *': ['provisioning:recover', 'provisioning:traffic', 'provisioning:bulk'],
      '*/5 * * * *': ['provisioning:backups'],
      '42 * * * *': ['provisioning:drift'],
      '52 * * * *': ['provisioning:account-backups'],
    },
  },
  typescript: { tsConfig: { exclude: ['../db', '../scripts', '../simulators', '../tests'] } },
  telemetry: false,
  hooks: {
    // The module's own session route would give every visitor a cookie and end sessions without an Origin check.
    'nitro:config': (nitro) => {
      nitro.handlers = nitro.handlers?.filter(handler => handler?.route !== '/api/_auth/session') ?? []
    },
    // Icons fetch on the server and say so on both sides, so that ids made after them agree. Taken out of the browser's code by the
    // optimisation, the ids of labels and of their fields part company.
    'modules:done': keepServerPrefetch,
    // A visitor of the home page does not want the staff area's files in the background.
    'build:manifest': (manifest) => {
      for (const item of Object.values(manifest)) item.prefetch = false
    },
  },
  // The sealed cookie is nuxt-auth-utils'; who is signed in is asked by `useAuth`, so that shared pages set no cookie.
  auth: { loadStrategy: 'none' },
  eslint: { config: { standalone: true, stylistic: { commaDangle: 'always-multiline', braceStyle: '1tbs' } } },
  fonts: { providers: { google: false, googleicons: false, bunny: false, fontshare: false, adobe: false, fontsource: false } },
  i18n: {
    strategy: 'prefix_except_default',
    defaultLocale: 'id',
    // No cookie and no redirect: public pages are cached and every language has its own address.
    detectBrowserLanguage: false,
    langDir: 'locales',
    locales: (['id', 'en'] as const).map(code => ({
      code,
      language: code === 'id' ? 'id-ID' : 'en-US',
      name: code === 'id' ? 'Bahasa Indonesia' : 'English',
      files: languages.map(area => `${code}/${area}.json`),
    })),
  },
  // Drawn in place: the other way writes style elements at run time, which the policy above refuses.
  icon: { mode: 'svg', provider: 'server', fallbackToApi: false, clientBundle: { scan: true, sizeLimitKb: 256 } },
  // Rates, sizes and origins are checked by `defineRoute`, which knows the route and the caller.
  security: {
    headers: { contentSecurityPolicy, xFrameOptions: 'DENY', referrerPolicy: 'strict-origin-when-cross-origin', crossOriginEmbedderPolicy: false, strictTransportSecurity: { maxAge: 15_552_000, includeSubdomains: false } },
    rateLimiter: false, requestSizeLimiter: false, xssValidator: false, corsHandler: false, allowedMethodsRestricter: false, csrf: false, sri: false, ssg: false, removeLoggers: false,
  },
})
