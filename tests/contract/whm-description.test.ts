import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Ajv } from 'ajv'
import addFormats from 'ajv-formats'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { createWhmDriver } from '#server/drivers/panel/whm/driver.ts'
import { backUp } from '../../simulators/whm/backups.ts'
import { startWhmSimulator } from '../../simulators/whm/index.ts'
import type { WhmSimulator } from '../../simulators/whm/index.ts'
import { listeningProxy } from '../support/listening-proxy.ts'
import { mark } from './panel.bench.ts'

/**
 * What the driver sends and what the simulator answers, judged by a description of the vendor's API: a driver and a simulator of one hand
 * may agree with each other and be wrong together. The description is not ours to ship: `GARDU_TEST_OPENAPI` names a folder with
 * `whm-openapi.json`; without it this is left out.
 */
const folder = process.env.GARDU_TEST_OPENAPI ?? ''
const file = join(folder, 'whm-openapi.json')
const there = folder !== '' && existsSync(file)
const leftOut = there ? '' : ' (left out: GARDU_TEST_OPENAPI names no folder with the description)'

type Json = Record<string, unknown>
interface Operation { readonly parameters?: readonly { readonly name: string, readonly required?: boolean, readonly schema: Json }[], readonly requestBody?: { readonly content: Record<string, { readonly schema: Json }> }, readonly responses: Record<string, { readonly content?: Record<string, { readonly schema: Json }> }> }

/**
 * Calls that the vendor describes and the selection leaves out: the facts of its pages, api.docs.cpanel.net/specifications/whm.openapi (version 11.138), in the selection's form.
 * `data.uapi.data` has there what the function of the account's own API answers, whatever it is.
 */
const packageLimit = { type: ['string', 'integer'] }
const flag = { type: 'integer', enum: [0, 1] }
const restoreJob = { type: 'object', required: ['user', 'restore_point', 'options'], properties: { user: { type: 'string' }, restore_point: { type: 'string' }, options: { type: 'object', properties: { destid: { type: 'string' }, give_ip: flag, mail_config: flag, mysql: flag, subdomains: flag } } } }
const beyond = {
  '/json-api/editpkg': described({ name: { type: 'string' }, quota: packageLimit, bwlimit: packageLimit, maxaddon: packageLimit, maxpop: packageLimit, maxsql: packageLimit }, { type: 'object', required: ['pkg'], properties: { pkg: { type: 'string' } } }),
  '/json-api/get_nameserver_config': described({}, { type: 'object', required: ['nameservers'], properties: { nameservers: { type: 'array', items: { type: 'string' } } } }),
  '/json-api/restore_queue_activate': described({}, { type: 'object' }),
  '/json-api/restore_queue_state': described({}, { type: 'object', required: ['is_active', 'active', 'pending'], properties: { is_active: { type: 'integer', enum: [0, 1] }, active: { type: 'array', items: restoreJob }, pending: { type: 'array', items: restoreJob }, completed: { type: 'array', items: restoreJob } } }),
  '/json-api/restore_queue_list_completed': described({}, { type: 'object', required: ['restore_job'], properties: { restore_job: { type: 'array', items: { type: 'object', required: ['restore_job', 'status_info'], properties: {
    restore_job: restoreJob, status_info: { type: 'object', required: ['result', 'started', 'finished', 'log'], properties: { result: { type: 'integer', enum: [0, 1, 2] }, started: { type: 'string' }, finished: { type: 'string' }, log: { type: 'string' }, warnings: { type: ['array', 'null'] } } },
  } } } } }),
  '/json-api/uapi_cpanel': described({ 'cpanel.user': { type: 'string' }, 'cpanel.module': { type: 'string' }, 'cpanel.function': { type: 'string' } }, {
    type: 'object', required: ['uapi'], properties: { uapi: { type: 'object', required: ['status', 'data', 'errors'], properties: { status: { type: 'integer', enum: [0, 1] }, data: {}, errors: { type: ['array', 'null'], items: { type: 'string' } } } } },
  }, { dir: { type: 'string' }, types: { type: 'string' } }),
}
function described(params: Record<string, Json>, data: Json, optional: Record<string, Json> = {}): Record<string, Operation> {
  const needed: Record<string, Json> = { 'api.version': { type: 'integer', enum: [1] }, ...params }
  const all = { ...needed, ...optional }
  const answer: Json = { type: 'object', required: ['metadata', 'data'], properties: { metadata: { type: 'object', required: ['command', 'result', 'version'], properties: { command: { type: 'string' }, version: { type: 'integer' }, result: { type: 'integer', enum: [0, 1] }, reason: { type: 'string' } } }, data } }
  const responses = { 200: { content: { 'application/json': { schema: answer } } } }
  return {
    get: { parameters: Object.entries(all).map(([name, schema]) => ({ name, required: name in needed, schema })), responses },
    post: { requestBody: { content: { 'application/x-www-form-urlencoded': { schema: { type: 'object', additionalProperties: false, required: Object.keys(needed), properties: all } } } }, responses },
  }
}

/** `nullable` is a word of OpenAPI 3.0; JSON Schema has a type for it. */
function toJsonSchema(node: unknown): unknown {
  if (Array.isArray(node)) return node.map(toJsonSchema)
  if (typeof node !== 'object' || node === null) return node
  const { nullable, example: _, ...rest } = node as Json
  const made = Object.fromEntries(Object.entries(rest).map(([name, value]) => [name, toJsonSchema(value)]))
  return nullable === true && typeof made.type === 'string' ? { ...made, type: [made.type, 'null'], ...(Array.isArray(made.enum) ? { enum: [...made.enum as unknown[], null] } : {}) } : made
}

interface OwnApi { readonly paths: Record<string, { readonly get: Operation }>, readonly components: { readonly schemas: Record<string, Json> } }
/** What a function of the account's own API answers, its references followed. */
function dataOf(api: OwnApi, name: string): Json | null {
  const followed = (node: unknown): unknown => {
    if (Array.isArray(node)) return node.map(followed)
    if (typeof node !== 'object' || node === null) return node
    const { $ref } = node as { $ref?: string }
    // Words of its own for formats: only shapes are judged.
    return $ref === undefined ? Object.fromEntries(Object.entries(node).filter(([key]) => key !== 'format').map(([key, value]) => [key === 'oneOf' ? 'anyOf' : key, followed(value)])) : followed(api.components.schemas[$ref.split('/').at(-1) ?? ''])
  }
  const whole = followed(api.paths[name]?.get.responses['200']?.content?.['application/json']?.schema) as { properties?: { result?: { properties?: { data?: Json } } } } | undefined
  return whole?.properties?.result?.properties?.data ?? null
}

describe.skipIf(!there)(`WHM's description${leftOut}`, () => {
  let simulator: WhmSimulator
  let url = ''
  let close: () => void = () => {}
  const mismatches: string[] = []
  const judged = new Set<string>()

  beforeAll(async () => {
    simulator = await startWhmSimulator({ tls: false })
    simulator.state.tokens[0]?.acls.push('all')
    const selection = JSON.parse(readFileSync(file, 'utf8')) as { paths: Record<string, Record<string, Operation>> }
    const paths: Record<string, Record<string, Operation>> = { ...selection.paths, ...beyond }
    const ownApi = existsSync(join(folder, 'cpanel-uapi-openapi.yml')) ? parse(readFileSync(join(folder, 'cpanel-uapi-openapi.yml'), 'utf8')) as OwnApi : null
    const [asked, answered] = [new Ajv({ strict: false, allErrors: true, coerceTypes: true }), new Ajv({ strict: false, allErrors: true })]
    for (const ajv of [asked, answered]) addFormats.default(ajv)
    const check = (ajv: Ajv, what: string, schema: Json, value: unknown) => {
      if (!ajv.validate(toJsonSchema(schema) as Json, value)) for (const error of ajv.errors ?? []) mismatches.push(`${what}${error.instancePath} ${error.message} ${JSON.stringify(error.params)}`)
    }
    const judge = (method: string, path: string, params: Record<string, string>, status: number, body: string) => {
      const label = `${method} ${path} → ${status}`
      const operation = paths[path]?.[method.toLowerCase()]
      judged.add(label)
      if (!operation) return void mismatches.push(`${method} ${path} is not described`)
      const listed = operation.parameters ?? []
      const described = method === 'GET'
        ? { type: 'object', additionalProperties: false, required: listed.filter(each => each.required).map(each => each.name), properties: Object.fromEntries(listed.map(each => [each.name, each.schema])) }
        : operation.requestBody?.content['application/x-www-form-urlencoded']?.schema ?? {}
      check(asked, `${label} request`, described, { ...params })
      const answer = operation.responses[String(status)]?.content?.['application/json']?.schema
      if (answer) check(answered, `${label} response`, answer, JSON.parse(body))
      else mismatches.push(`${label} is not described`)
      if (!path.endsWith('/uapi_cpanel') || !ownApi) return
      const name = `/${params['cpanel.module']}/${params['cpanel.function']}`
      const data = dataOf(ownApi, name)
      judged.add(`own api ${name}`)
      if (data) check(answered, `own api ${name}`, data, (JSON.parse(body) as { data: { uapi: { data: unknown } } }).data.uapi.data)
      else mismatches.push(`own api ${name} is not described`)
    }
    const proxy = await listeningProxy(simulator.url, ({ method, path, params, status, body }) => judge(method, path, params, status, body))
    ;({ url, close } = proxy)
  })
  afterAll(async () => {
    close()
    await simulator.close()
  })

  it('every request and answer of an account\'s whole life is as described', async () => {
    const driver = createWhmDriver({ connectionId: 'test', url, tokenId: simulator.token.id, tokenSecret: simulator.token.secret, tls: { mode: 'system', caPem: null, fingerprint: null } })
    const wish = { user: 'tokosari', domain: 'toko-sari.test', package: 'gardu_hemat', password: 'Rahasia-sekali-9182', ownershipMark: mark }
    const { birth } = await driver.create(wish)
    const ref = { ...wish, birth }
    await driver.handOver(ref, 'sari@contoh.test')
    await driver.suspend(ref, 'nonpayment')
    await driver.resume(ref)
    await driver.changePackage(ref, 'gardu_bisnis')
    await driver.setPassword(ref, 'Lain-sekali-7731')
    await driver.openSession(ref, 'panel')
    await driver.openSession(ref, 'webmail')
    await driver.traffic(ref, { year: 2026, month: 11 })
    const { name: _, ...limits } = await driver.createPackage({ name: 'baru', diskMiB: 5120, bandwidthMiB: null, maxAddonDomains: 0, maxMailboxes: 25, maxDatabases: 5 })
    await driver.changeLimits({ name: 'baru', ...limits }, { ...limits, diskMiB: null })
    await driver.certificates(ref)
    await driver.checkCertificates(ref)
    await driver.certificates(ref)
    await driver.trafficByMonth(ref, [{ year: 2026, month: 10 }, { year: 2026, month: 11 }])
    const today = new Date().toISOString().slice(0, 10)
    const old = simulator.state.accounts.tokosari
    if (old) old.unix_startdate -= 3 * 86_400
    const grown = { ...ref, birth: `${old?.uid}@${old?.unix_startdate}` }
    backUp(simulator.state, 'tokosari', today)
    await driver.restorePoints(grown)
    const handle = await driver.prepareRestore(grown, { date: today, where: 'local' })
    await driver.startRestore(grown, handle)
    expect(await driver.restoreState(handle)).toMatchObject({ state: 'done' })
    await driver.backUpToHome(grown)
    await driver.homeBackups(grown)
    await driver.listPackages()
    await driver.listAccounts()
    await driver.observe()
    await driver.remove(grown)
    driver.close()
    // Described as an object of two lists; servers send one list, and the driver reads both.
    const known = ['GET /json-api/myprivs is not described', 'own api /Fileman/list_files must be object {"type":"object"}']
    // Called by the vendor's own modules for other billing programs; the description is a selection.
    expect(mismatches.filter(line => !known.includes(line))).toEqual([])
    const called = [...judged].map(label => /json-api\/(\w+)/.exec(label)?.[1])
    expect(called).toEqual(expect.arrayContaining(['accountsummary', 'createacct', 'modifyacct', 'suspendacct', 'unsuspendacct', 'changepackage', 'passwd', 'create_user_session', 'showbw', 'listpkgs', 'getdiskusage', 'systemloadavg', 'get_nameserver_config', 'uapi_cpanel', 'listaccts', 'addpkg', 'editpkg', 'start_autossl_check_for_one_user', 'backup_set_list_combined', 'restore_queue_add_task', 'restore_queue_activate', 'restore_queue_state', 'restore_queue_list_completed', 'removeacct']))
  })
})
