const ui = '^(app\\.vue|error\\.vue|pages|components|composables|layouts|middleware|plugins)(/|$)'
const delivery = '^server/(api|routes|middleware|tasks)/'
const platform = '^server/(platform|plugins)/'
const drivers = '^server/drivers/'
const module_ = '^server/(?!(?:api|routes|middleware|tasks|plugins|platform|drivers)/)[^/]+/'
const rule = (name, from, to) => ({ name, severity: 'error', from, to })
module.exports = {
  forbidden: [
    rule('no-cycles', {}, { circular: true }),
    rule('no-unresolvable', {}, { couldNotResolve: true, pathNot: '^#(imports|app|build|components|ui)' }),
    rule('no-server-utils', { path: '^server/utils/' }, {}),
    rule('ui-sees-only-ui-and-shared', { path: ui }, { path: '^(server|db)/' }),
    rule('shared-sees-only-shared', { path: '^shared/' }, { path: '^(?!shared/|node_modules/)' }),
    rule('shared-is-light', { path: '^shared/' }, { path: '^node_modules/(?!zod/)' }),
    rule('delivery-calls-the-app', { path: delivery }, { path: `^db/|${drivers}` }),
    rule('delivery-does-not-call-delivery', { path: delivery }, { path: delivery }),
    rule('module-is-pure', { path: module_ }, { path: `^db/|${drivers}|${delivery}|${platform}` }),
    rule('module-has-no-framework', { path: module_ }, { path: '^node_modules/(?!(zod|temporal-polyfill|temporal-spec)/)' }),
    rule('module-has-no-io', { path: module_ }, { dependencyTypes: ['core'] }),
    rule('modules-meet-at-ports', { path: '^server/([^/]+)/', pathNot: `${delivery}|${platform}|${drivers}` }, { path: '^server/[^/]+/', pathNot: '^server/$1/|^server/[^/]+/(ports|events)\\.ts$' }),
    rule('drivers-implement-ports', { path: drivers }, { path: `^db/|${delivery}|${platform}` }),
    rule('drivers-do-not-know-each-other', { path: '^server/drivers/([^/]+/[^/]+)/' }, { path: drivers, pathNot: '^server/drivers/$1/|^server/drivers/[^/]+/[^/]+\\.ts$|^server/drivers/(http|reach)\\.ts$' }),
    rule('db-implements-ports', { path: '^db/' }, { path: `${delivery}|${platform}|${drivers}` }),
    rule('production-imports-no-tests', { pathNot: '^(tests|scripts|simulators)/' }, { path: '^(tests|simulators|scripts)/' }),
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '(^|/)(\\.nuxt|\\.output)/' },
    tsConfig: { fileName: '.nuxt/tsconfig.server.json' },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'default', 'types'], extensions: ['.ts', '.vue', '.mjs', '.js', '.d.ts'] },
  },
}
