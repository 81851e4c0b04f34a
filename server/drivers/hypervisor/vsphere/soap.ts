import { z } from 'zod'
import { DriverError } from '#shared/errors/driver-error.ts'
import type { HypervisorAccess } from '#server/infrastructure/ports.ts'
import { createHttpClient } from '../../http.ts'
import type { HttpReply } from '../../http.ts'
import { trustOf } from '../../reach.ts'
import { faultOf, isFault, localizedFault, toVsphereError } from './faults.ts'
import type { SentType } from './types.ts'
import { build, childOf, childrenOf, morOf, one, mor, parseXml, plain, print, textOf } from './xml.ts'
import type { Mor, Value, XmlNode } from './xml.ts'

export interface SoapOptions { readonly connectMilliseconds?: number, readonly totalMilliseconds?: number }

const about = z.object({ apiType: one(z.string()), version: one(z.string()), build: one(z.string()).optional() })
const serviceContent = z.object({
  about: one(about), rootFolder: one(mor), propertyCollector: one(mor), sessionManager: one(mor), viewManager: one(mor), searchIndex: one(mor), authorizationManager: one(mor).optional(), fileManager: one(mor).optional(), taskManager: one(mor).optional(), perfManager: one(mor).optional(), licenseManager: one(mor).optional(), eventManager: one(mor).optional(), virtualDiskManager: one(mor).optional(),
})
export type ServiceContent = z.output<typeof serviceContent>

/** Calls whose name is not that of their request type. */
const callNames: Partial<Record<SentType, string>> = {
  CloneVMRequestType: 'CloneVM_Task', CreateVMRequestType: 'CreateVM_Task', ReconfigVMRequestType: 'ReconfigVM_Task', CustomizeVMRequestType: 'CustomizeVM_Task', PowerOnVMRequestType: 'PowerOnVM_Task', PowerOffVMRequestType: 'PowerOffVM_Task', ResetVMRequestType: 'ResetVM_Task', DestroyRequestType: 'Destroy_Task', RelocateVMRequestType: 'RelocateVM_Task', CreateSnapshotRequestType: 'CreateSnapshot_Task', RevertToSnapshotRequestType: 'RevertToSnapshot_Task', RemoveSnapshotRequestType: 'RemoveSnapshot_Task',
  DeleteDatastoreFileRequestType: 'DeleteDatastoreFile_Task', CopyVirtualDiskRequestType: 'CopyVirtualDisk_Task', SearchDatastoreSubFoldersRequestType: 'SearchDatastoreSubFolders_Task',
}
const nameOf = (request: SentType): string => callNames[request] ?? request.replace(/RequestType$/, '')
/** Calls that change nothing: repeated when their answer is lost. */
const reading = new Set<SentType>(['RetrieveServiceContentRequestType', 'LoginRequestType', 'LogoutRequestType', 'CreateContainerViewRequestType', 'DestroyViewRequestType', 'RetrievePropertiesExRequestType', 'ContinueRetrievePropertiesExRequestType', 'HasPrivilegeOnEntitiesRequestType', 'FindByUuidRequestType', 'CurrentTimeRequestType', 'QueryPerfRequestType', 'SearchDatastoreSubFoldersRequestType'])

export interface Row<T> { readonly obj: Mor, readonly props: T, /** A property as it came, to be changed and sent back. */ readonly raw: (path: string) => XmlNode | undefined }

/** vim25 over SOAP as it is on the wire, with one session that is opened when it is needed and once more when it has lapsed. */
export interface Vim {
  readonly label: string
  content(): Promise<ServiceContent>
  /** @throws DriverError; unknown_outcome when a call that changes something got no answer */
  call(request: SentType, on: Mor, fields?: Readonly<Record<string, Value>>): Promise<readonly XmlNode[]>
  /** A call that starts a task. */
  start(request: SentType, on: Mor, fields?: Readonly<Record<string, Value>>): Promise<Mor>
  /** Properties of these objects, those that the schema names; objects that are gone meanwhile are left out. */
  read<S extends z.ZodObject>(objects: readonly Mor[], type: string, schema: S): Promise<Row<z.output<S>>[]>
  /** Properties of every object of a type below the root that we may see. */
  readAll<S extends z.ZodObject>(type: string, schema: S): Promise<Row<z.output<S>>[]>
  /** Whether these privileges are held on these objects; answers those that are not. */
  missingPrivileges(entities: readonly Mor[], privileges: readonly string[]): Promise<string[]>
  close(): void
}

const envelope = (body: string): string => `<?xml version="1.0" encoding="UTF-8"?><soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" xmlns:xsd="http://www.w3.org/2001/XMLSchema" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><soapenv:Body>${body}</soapenv:Body></soapenv:Envelope>`
export const serviceInstance: Mor = { type: 'ServiceInstance', id: 'ServiceInstance' }

/** A refused password is not tried every minute: servers lock an account after a few. A changed connection gets a new driver and is tried at once. */
const loginPause = 600_000

interface Session { readonly cookie: string, readonly key: string, readonly content: ServiceContent }

export function vimOver(label: string, access: HypervisorAccess, options: SoapOptions = {}): Vim {
  const http = createHttpClient({
    name: label, baseUrl: access.url.replace(/\/+$/, ''), tls: trustOf(label, access.tls), secrets: [access.tokenSecret], headers: { 'content-type': 'text/xml; charset="utf-8"', 'soapaction': '"urn:vim25/6.5"', 'accept': 'text/xml' }, totalMilliseconds: 30_000, maxBytes: 32 * 1_048_576, ...options,
  })
  let session: Promise<Session> | null = null
  let refused: { readonly error: unknown, readonly until: number } | null = null

  async function send(request: SentType, on: Mor, fields: Readonly<Record<string, Value>>, cookie: string | null): Promise<{ readonly values: readonly XmlNode[], readonly reply: HttpReply }> {
    const name = nameOf(request)
    const safe = reading.has(request)
    const inner = build(request, { _this: on, ...fields }).children.map(print).join('')
    const reply = await http.request({ method: 'POST', path: '/sdk', safe, text: envelope(`<${name} xmlns="urn:vim25">${inner}</${name}>`), ...(cookie === null ? {} : { headers: { cookie } }) })
    let body: XmlNode | undefined
    try {
      body = childOf(parseXml(reply.body), 'Body')
    } catch {
      // Said below, together with the status.
    }
    if (body && reply.status === 500 && childOf(body, 'Fault')) throw redacted(toVsphereError(label, faultOf(body), safe))
    if (reply.status !== 200 || !body) {
      const kind = safe || reply.status === 503 ? 'retryable' : reply.status === 404 || reply.status === 405 ? 'permanent' : 'unknown_outcome'
      throw new DriverError(kind, `${label}: ${name} was answered with status ${reply.status}${body ? '' : ' and something that is not SOAP'}`)
    }
    return { values: childrenOf(childOf(body, `${name}Response`), 'returnval'), reply }
  }
  const redacted = <E extends Error>(error: E): E => Object.assign(error, { message: http.redact(error.message) })

  async function open(): Promise<Session> {
    const found = await send('RetrieveServiceContentRequestType', serviceInstance, {}, null)
    const content = understood('RetrieveServiceContent', serviceContent, found.values[0])
    const { values, reply } = await send('LoginRequestType', content.sessionManager, { userName: access.tokenId, password: access.tokenSecret }, null)
    const cookie = /vmware_soap_session=[^;,\s]+/.exec(reply.headers['set-cookie'] ?? '')?.[0]
    const key = textOf(values[0], 'key')
    if (!cookie || key === null) throw new DriverError('permanent', `${label}: the login was answered without a session`)
    return { cookie, key, content }
  }
  function current(): Promise<Session> {
    if (refused && performance.now() < refused.until) return Promise.reject(refused.error as Error)
    session ??= open().catch((error: unknown) => {
      session = null
      if (isFault(error, 'InvalidLogin')) refused = { error, until: performance.now() + loginPause }
      throw error
    })
    return session
  }

  /** Within a session; when it has lapsed, once more within a new one: a call without a session had no effect. */
  async function within<T>(work: (session: Session) => Promise<T>): Promise<T> {
    const opened = current()
    try {
      return await work(await opened)
    } catch (error) {
      if (!isFault(error, 'NotAuthenticated')) throw error
      if (session === opened) session = null
      return work(await current())
    }
  }

  function understood<S extends z.ZodType>(what: string, schema: S, found: XmlNode | undefined): z.output<S> {
    const parsed = schema.safeParse(found && plain(found))
    if (parsed.success) return parsed.data
    throw new DriverError('permanent', `${label}: the answer to ${what} has an unknown form (${parsed.error.issues[0]?.path.join('.') ?? ''} ${parsed.error.issues[0]?.message ?? ''})`)
  }

  const call: Vim['call'] = (request, on, fields = {}) => within(async ({ cookie }) => (await send(request, on, fields, cookie)).values)

  /** The pages of an answer, one after another. */
  async function retrieve(specSet: XmlNode): Promise<XmlNode[]> {
    return within(async ({ cookie, content }) => {
      const objects: XmlNode[] = []
      let [page] = (await send('RetrievePropertiesExRequestType', content.propertyCollector, { specSet, options: build('RetrieveOptions', { maxObjects: 1000 }) }, cookie)).values
      for (;;) {
        for (const found of childrenOf(page, 'objects')) {
          // vcsim, and real servers for some objects, answer 200 and say here that there is no session.
          const missing = childrenOf(found, 'missingSet').map(entry => localizedFault(childOf(entry, 'fault'))).find(fault => fault.name === 'NotAuthenticated')
          if (missing) throw toVsphereError(label, missing, true)
          objects.push(found)
        }
        const token = textOf(page, 'token')
        if (!token) return objects
        page = (await send('ContinueRetrievePropertiesExRequestType', content.propertyCollector, { token }, cookie)).values[0]
      }
    })
  }
  const propSet = (type: string, schema: z.ZodObject) => build('PropertySpec', { type, all: false, pathSet: Object.keys(schema.shape) })
  function toRow<S extends z.ZodObject>(schema: S, found: XmlNode): Row<z.output<S>> {
    const values = new Map(childrenOf(found, 'propSet').map(entry => [textOf(entry, 'name') ?? '', childOf(entry, 'val')]))
    const parsed = schema.safeParse(Object.fromEntries([...values].map(([name, value]) => [name, value && plain(value)])))
    if (!parsed.success) throw new DriverError('permanent', `${label}: a property has an unknown form (${parsed.error.issues[0]?.path.join('.') ?? ''} ${parsed.error.issues[0]?.message ?? ''})`)
    return { obj: morOf(childOf(found, 'obj')) ?? { type: '', id: '' }, props: parsed.data, raw: path => values.get(path) }
  }

  return {
    label, call,
    content: async () => (await current()).content,
    async start(request, on, fields) {
      const task = morOf((await call(request, on, fields))[0])
      if (!task) throw new DriverError('unknown_outcome', `${label}: ${nameOf(request)} was answered without a task`)
      return task
    },
    async read(objects, type, schema) {
      const these = (some: readonly Mor[]) => retrieve(build('PropertyFilterSpec', { propSet: propSet(type, schema), objectSet: some.map(obj => build('ObjectSpec', { obj, skip: false })) }))
      if (objects.length === 0) return []
      try {
        return (await these(objects)).map(found => toRow(schema, found))
      } catch (error) {
        if (!isFault(error, 'ManagedObjectNotFound')) throw error
      }
      // One that is gone spoils the whole answer: the others are asked for one by one.
      const rows: XmlNode[] = []
      for (const obj of objects.length > 1 ? objects : []) {
        rows.push(...await these([obj]).catch((error: unknown) => {
          if (isFault(error, 'ManagedObjectNotFound')) return []
          throw error
        }))
      }
      return rows.map(found => toRow(schema, found))
    },
    async readAll(type, schema) {
      const { viewManager, rootFolder } = (await current()).content
      const view = morOf((await call('CreateContainerViewRequestType', viewManager, { container: rootFolder, type: [type], recursive: true }))[0])
      if (!view) throw new DriverError('retryable', `${label}: no view of the inventory was answered`)
      try {
        const selectSet = build('TraversalSpec', { name: 'all', type: 'ContainerView', path: 'view', skip: false })
        return (await retrieve(build('PropertyFilterSpec', { propSet: propSet(type, schema), objectSet: build('ObjectSpec', { obj: view, skip: true, selectSet }) }))).map(found => toRow(schema, found))
      } finally {
        await call('DestroyViewRequestType', view).catch(() => {
          // It ends with the session.
        })
      }
    },
    missingPrivileges: (entities, privileges) => within(async ({ cookie, key, content }) => {
      if (!content.authorizationManager || entities.length === 0) return []
      const { values } = await send('HasPrivilegeOnEntitiesRequestType', content.authorizationManager, { entity: entities, sessionId: key, privId: privileges }, cookie)
      const refused = values.flatMap(entity => childrenOf(entity, 'privAvailability')).filter(entry => !/^(true|1)$/.test(textOf(entry, 'isGranted') ?? '')).map(entry => textOf(entry, 'privId') ?? '')
      return [...new Set(refused)]
    }),
    close() {
      const opened = session
      session = null
      // The server counts sessions: ours is given back, whether or not anybody is there to take it.
      void (opened ? opened.then(({ cookie, content }) => send('LogoutRequestType', content.sessionManager, {}, cookie)) : Promise.resolve()).catch(() => {}).finally(() => http.close())
    },
  }
}
