import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { createRequire } from 'node:module'
import { cruise } from 'dependency-cruiser'
import type { ICruiseOptions, ICruiseResult, IForbiddenRuleType } from 'dependency-cruiser'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

interface Law { forbidden: IForbiddenRuleType[], options: ICruiseOptions & { enhancedResolveOptions: object } }
const law = createRequire(import.meta.url)(resolve('.dependency-cruiser.cjs')) as Law

const aPackage = (name: string) => ({ [`node_modules/${name}/package.json`]: JSON.stringify({ name, version: '1.0.0', main: 'index.js' }), [`node_modules/${name}/index.js`]: 'export default 1' })

/** For each rule the smallest tree that breaks it: file → text. */
const violations: Record<string, Record<string, string>> = {
  'no-cycles': { 'shared/money/a.ts': 'import \'./b.ts\'', 'shared/money/b.ts': 'import \'./a.ts\'' },
  'no-unresolvable': { 'server/platform/a.ts': 'import \'./missing.ts\'' },
  'no-server-utils': { 'server/utils/a.ts': 'import \'../platform/b.ts\'', 'server/platform/b.ts': '' },
  'ui-sees-only-ui-and-shared': { 'components/a.ts': 'import \'../server/billing/b.ts\'', 'server/billing/b.ts': '' },
  'shared-sees-only-shared': { 'shared/money/a.ts': 'import \'../../server/billing/b.ts\'', 'server/billing/b.ts': '' },
  'shared-is-light': { 'shared/money/a.ts': 'import \'vue\'', ...aPackage('vue') },
  'delivery-calls-the-app': { 'server/api/a.get.ts': 'import \'../../db/client.ts\'', 'db/client.ts': '' },
  'delivery-does-not-call-delivery': { 'server/api/a.get.ts': 'import \'./b.get.ts\'', 'server/api/b.get.ts': '' },
  'module-is-pure': { 'server/billing/a.ts': 'import \'../../db/client.ts\'', 'db/client.ts': '' },
  'module-has-no-framework': { 'server/billing/a.ts': 'import \'h3\'', ...aPackage('h3') },
  'module-has-no-io': { 'server/billing/a.ts': 'import \'node:fs\'' },
  'modules-meet-at-ports': { 'server/billing/a.ts': 'import \'../payments/b.ts\'', 'server/payments/b.ts': '' },
  'drivers-implement-ports': { 'server/drivers/mail/smtp/a.ts': 'import \'../../../platform/b.ts\'', 'server/platform/b.ts': '' },
  'drivers-do-not-know-each-other': { 'server/drivers/mail/smtp/a.ts': 'import \'../../gateway/midtrans/b.ts\'', 'server/drivers/gateway/midtrans/b.ts': '' },
  'db-implements-ports': { 'db/a.ts': 'import \'../server/platform/b.ts\'', 'server/platform/b.ts': '' },
  'production-imports-no-tests': { 'server/platform/a.ts': 'import \'../../simulators/b.ts\'', 'simulators/b.ts': '' },
}

describe('the import law', () => {
  let root: string
  const home = process.cwd()
  beforeAll(() => {
    root = mkdtempSync(join(tmpdir(), 'gardu-law-'))
  })
  afterAll(() => rmSync(root, { recursive: true, force: true }))

  async function broken(name: string, files: Record<string, string>): Promise<string[]> {
    const tree = join(root, name)
    for (const [file, text] of Object.entries({ 'package.json': readFileSync(join(home, 'package.json'), 'utf8'), ...files })) {
      mkdirSync(dirname(join(tree, file)), { recursive: true })
      writeFileSync(join(tree, file), `${text}\n`)
    }
    const { tsConfig: _, ...options } = law.options
    const folders = [...new Set(Object.keys(files).map(file => file.split('/')[0] ?? file))].filter(folder => folder !== 'node_modules')
    const result = await cruise(folders, { ...options, baseDir: tree, validate: true, ruleSet: { forbidden: law.forbidden } }, law.options.enhancedResolveOptions)
    return [...new Set((result.output as ICruiseResult).summary.violations.map(violation => violation.rule.name))]
  }

  it('has a planted violation for every rule', () => {
    expect(Object.keys(violations).sort()).toEqual(law.forbidden.map(rule => rule.name ?? '').sort())
  })

  it.each(Object.entries(violations))('%s is caught', async (name, files) => {
    expect(await broken(name, files)).toContain(name)
  })
})
