import { XMLParser } from 'fast-xml-parser'
import { z } from 'zod'
import { elementOrder } from './types.ts'
import type { SentType } from './types.ts'

/** One element: as read, in the server's own order, or as built, in the schema's. Devices are read, changed in one place and sent back whole. */
export interface XmlNode { readonly name: string, /** `xsi:type` without its prefix. */ readonly xsiType: string | null, /** Kind of the managed object that the text is the id of. */ readonly mor: string | null, readonly children: readonly XmlNode[], readonly text: string }

/** A managed object. Its id is opaque: asked for anew, never stored, never looked into. */
export interface Mor { readonly type: string, readonly id: string }

const node = (name: string, rest: Partial<XmlNode> = {}): XmlNode => ({ name, xsiType: null, mor: null, children: [], text: '', ...rest })
export const childOf = (parent: XmlNode | undefined, name: string): XmlNode | undefined => parent?.children.find(child => child.name === name)
export const childrenOf = (parent: XmlNode | undefined, name: string): readonly XmlNode[] => parent?.children.filter(child => child.name === name) ?? []
export const textOf = (parent: XmlNode | undefined, name: string): string | null => childOf(parent, name)?.text ?? null
export const morOf = (found: XmlNode | undefined): Mor | null => found?.mor ? { type: found.mor, id: found.text } : null

// Reading -----------------------------------------------------------------------------------------------------------------------------
type Parsed = Readonly<Record<string, unknown>>
const parser = new XMLParser({ preserveOrder: true, ignoreAttributes: false, attributeNamePrefix: '', parseTagValue: false, parseAttributeValue: false, trimValues: false, processEntities: false, ignoreDeclaration: true, ignorePiTags: true })
const named: Readonly<Record<string, string>> = { lt: '<', gt: '>', amp: '&', quot: '"', apos: '\'' }
/** The five entities of XML and characters by number; a document cannot define others. */
const decode = (text: string): string => text.replace(/&(?:#x([0-9a-fA-F]{1,6})|#(\d{1,7})|(lt|gt|amp|quot|apos));/g, (whole, hex: string | undefined, decimal: string | undefined, word: string | undefined) => {
  if (word) return named[word] ?? whole
  const code = hex ? Number.parseInt(hex, 16) : Number(decimal)
  return code <= 0x10_FFFF ? String.fromCodePoint(code) : whole
})
const local = (name: string): string => name.slice(name.indexOf(':') + 1)

function toNode(entry: Parsed): XmlNode | null {
  const tag = Object.keys(entry).find(key => key !== ':@' && key !== '#text')
  if (tag === undefined) return null
  const attributes = (entry[':@'] ?? {}) as Readonly<Record<string, string>>
  const inside = entry[tag] as readonly Parsed[]
  const children = inside.map(toNode).filter(child => child !== null)
  // Spaces between elements are layout, inside a leaf they are content.
  const text = children.length > 0 ? '' : decode(inside.map(part => typeof part['#text'] === 'string' ? part['#text'] : '').join(''))
  const xsi = Object.entries(attributes).find(([key]) => key.endsWith(':type'))?.[1]
  return node(local(tag), { xsiType: xsi === undefined ? null : local(xsi), mor: attributes.type ?? null, children, text })
}

/** The document's root element. @throws SyntaxError for what is no XML, or defines entities of its own */
export function parseXml(document: string): XmlNode {
  if (/<!DOCTYPE/i.test(document)) throw new SyntaxError('a document type is not accepted')
  const root = (parser.parse(document) as Parsed[]).map(toNode).find(found => found !== null)
  if (!root) throw new SyntaxError('no element')
  return root
}

/** Plain values for a schema to judge: a leaf is its text, a managed object a `Mor`, anything else lists by name, however many there are. */
export function plain(found: XmlNode): unknown {
  if (found.children.length === 0) return found.mor ? { type: found.mor, id: found.text } : found.text
  return { ...Object.fromEntries([...Map.groupBy(found.children, child => child.name)].map(([name, children]) => [name, children.map(plain)])), ...(found.xsiType ? { xsiType: found.xsiType } : {}) }
}
const inside = (value: unknown): unknown => value === '' ? {} : value
/** Which elements may repeat is the schema's to say, never the answer's shape. */
export const one = <S extends z.ZodType>(schema: S) => z.array(z.unknown()).length(1).transform(([only]) => only).pipe(schema)
export const list = <S extends z.ZodType>(name: string, schema: S) => z.preprocess(inside, z.object({ [name]: z.array(schema).default([]) })).transform(found => found[name] as z.output<S>[])
export const mor = z.object({ type: z.string(), id: z.string() })
export const number = z.string().regex(/^-?\d+(\.\d+)?([eE][+-]?\d+)?$/).transform(Number)
export const flag = z.enum(['true', 'false', '1', '0']).transform(value => value === 'true' || value === '1')

// Building ----------------------------------------------------------------------------------------------------------------------------
export type Value = string | number | boolean | Mor | XmlNode | readonly Value[] | undefined
const isMor = (value: object): value is Mor => 'id' in value
const isList = (value: Value): value is readonly Value[] => Array.isArray(value)

function toNodes(name: string, value: Value): XmlNode[] {
  if (value === undefined) return []
  if (isList(value)) return value.flatMap(entry => toNodes(name, entry))
  if (typeof value !== 'object') return [node(name, { text: String(value) })]
  return [isMor(value) ? node(name, { mor: value.type, text: value.id }) : { ...value, name }]
}

/** A data object whose elements stand in the schema's order, whatever order they are given in. @throws RangeError for an element that the type has not */
export function build(type: SentType, fields: Readonly<Record<string, Value>>): XmlNode {
  const order: readonly string[] = elementOrder[type]
  const unknown = Object.keys(fields).find(name => !order.includes(name))
  if (unknown !== undefined) throw new RangeError(`${type} has no element ${unknown}`)
  return node(type, { xsiType: type, children: order.flatMap(name => toNodes(name, fields[name])) })
}
export const string = (text: string): XmlNode => node('value', { xsiType: 'string', text })

/** A copy with some elements replaced, or added where the schema has them. */
export function change(found: XmlNode, type: SentType, fields: Readonly<Record<string, Value>>): XmlNode {
  const order: readonly string[] = elementOrder[type]
  let children = [...found.children]
  for (const [name, value] of Object.entries(fields)) {
    const made = toNodes(name, value)
    const at = children.findIndex(child => child.name === name)
    if (at >= 0) children = [...children.slice(0, at), ...made, ...children.slice(at + 1)]
    else {
      const before = order.slice(0, order.indexOf(name))
      const after = children.findLastIndex(child => before.includes(child.name))
      children = [...children.slice(0, after + 1), ...made, ...children.slice(after + 1)]
    }
  }
  return { ...found, children }
}

const primitives = new Set(['string', 'int', 'long', 'short', 'byte', 'boolean', 'float', 'double', 'dateTime', 'base64Binary', 'anyURI', 'anyType'])
// eslint-disable-next-line no-control-regex -- XML 1.0 cannot carry these, not even escaped
const impossible = /[\u0000-\u0008\u000B\u000C\u000E-\u001F\uFFFE\uFFFF]/g
const escape = (text: string): string => text.replace(impossible, '').replace(/[<>&"'\r\n\t]/g, found => `&#${found.charCodeAt(0)};`)

export function print({ name, xsiType, mor: kind, children, text }: XmlNode): string {
  const type = xsiType === null ? '' : ` xsi:type="${primitives.has(xsiType) ? 'xsd:' : ''}${escape(xsiType)}"`
  return `<${name}${kind === null ? '' : ` type="${escape(kind)}"`}${type}>${children.length > 0 ? children.map(print).join('') : escape(text)}</${name}>`
}
