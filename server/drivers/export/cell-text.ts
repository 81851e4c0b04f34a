/** The local time of an instant in a zone, by parts; a formatter is dear to make, so each zone has one. */
const formatters = new Map<string, Intl.DateTimeFormat>()
export function localTime(at: Date, zone: string): { day: string, time: string } {
  const formatter = formatters.get(zone) ?? new Intl.DateTimeFormat('sv-SE', { timeZone: zone, year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit', second: '2-digit' })
  formatters.set(zone, formatter)
  const [day = '', time = ''] = formatter.format(at).split(' ')
  return { day, time }
}

const batchBytes = 64 * 1024
/** Gathers small pieces of text into chunks that are worth sending. */
export async function* inChunks(pieces: AsyncIterable<string>): AsyncGenerator<Uint8Array> {
  let text = ''
  for await (const piece of pieces) {
    text += piece
    if (text.length < batchBytes) continue
    yield Buffer.from(text, 'utf8')
    text = ''
  }
  if (text) yield Buffer.from(text, 'utf8')
}
