import { Readable } from 'node:stream'
import { crc32, createDeflateRaw } from 'node:zlib'

interface Entry { readonly name: Buffer, readonly crc: number, readonly packed: number, readonly size: number, readonly offset: number }
export interface ZipFile { readonly name: string, readonly content: AsyncIterable<Uint8Array> }

/** The first of January 1980: the smallest date of the format. The files have no time of their own. */
const day = 0x21
const numbers = (...fields: readonly (readonly [bytes: 2 | 4, value: number])[]): Buffer => Buffer.concat(fields.map(([bytes, value]) => {
  const field = Buffer.alloc(bytes)
  field.writeUIntLE(value, 0, bytes)
  return field
}))
/** Bit 3: sizes follow the data, which is not known before it is written. Bit 11: names are UTF-8. */
const flags = 0x808
const common = (crc: number, packed: number, size: number) => [[4, crc], [4, packed], [4, size]] as const

/**
 * A ZIP archive, written while its files are read: one deflated piece in memory at a time. A file may have up to 4 GiB, since the 64-bit form is
 * not written. @throws RangeError beyond that: a broken archive would be worse
 */
export async function* zip(files: AsyncIterable<ZipFile>): AsyncGenerator<Uint8Array> {
  const entries: Entry[] = []
  let offset = 0
  for await (const file of files) {
    const name = Buffer.from(file.name, 'utf8')
    const start = offset
    const head = Buffer.concat([numbers([4, 0x04034B50], [2, 20], [2, flags], [2, 8], [2, 0], [2, day], ...common(0, 0, 0), [2, name.length], [2, 0]), name])
    yield head
    let [crc, size, packed] = [0, 0, 0]
    const counted = async function* () {
      for await (const piece of file.content) {
        crc = crc32(piece, crc)
        size += piece.length
        yield piece
      }
    }
    const source = Readable.from(counted(), { objectMode: false, highWaterMark: 64 * 1024 })
    const deflate = createDeflateRaw({ level: 6 })
    source.on('error', error => deflate.destroy(error))
    for await (const piece of source.pipe(deflate) as AsyncIterable<Buffer>) {
      packed += piece.length
      yield piece
    }
    const descriptor = numbers([4, 0x08074B50], ...common(crc, packed, size))
    yield descriptor
    offset += head.length + packed + descriptor.length
    if (Math.max(size, offset) > 0xFFFFFFFF) throw new RangeError('the archive is larger than 4 GiB')
    entries.push({ name, crc, packed, size, offset: start })
  }
  const directory = Buffer.concat(entries.map(({ name, crc, packed, size, offset }) =>
    Buffer.concat([numbers([4, 0x02014B50], [2, 20], [2, 20], [2, flags], [2, 8], [2, 0], [2, day], ...common(crc, packed, size), [2, name.length], [2, 0], [2, 0], [2, 0], [2, 0], [4, 0], [4, offset]), name])))
  yield directory
  yield numbers([4, 0x06054B50], [2, 0], [2, 0], [2, entries.length], [2, entries.length], [4, directory.length], [4, offset], [2, 0])
}
