// Five columns for each sign from space to tilde, the lowest bit above.
const glyphs = Buffer.from([
  '000000000000005F00000007000700147F147F14242A7F2A12231308646236495620500008070300001C2241000041221C002A1C7F1C2A08083E08080080703000080808080800006060002010080402',
  '3E5149453E00427F400072494949462141494D331814127F1027454545393C4A49493141211109073649494936464949291E000014000000403400000008142241141414141400412214080201590906',
  '3E415D594E7C1211127C7F494949363E414141227F4141413E7F494949417F090909013E414151737F0808087F00417F41002040413F017F081422417F404040407F021C027F7F0408107F3E4141413E',
  '7F090909063E4151215E7F09192946264949493203017F01033F4040403F1F2040201F3F4038403F631408146303047804036159494D43007F4141410204081020004141417F04020102044040404040',
  '000307080020545478407F284444383844444428384444287F385454541800087E090218A4A49C787F0804047800447D40002040403D007F1028440000417F40007C047804787C080404783844444438',
  'FC1824241818242418FC7C08040408485454542404043F44243C4040207C1C2040201C3C4030403C44281028444C9090907C4464544C440008364100000077000000413608000201020402',
].join(''), 'hex')
const cell = { width: 12, height: 18 }
export const columns = 60
export const lines = 22
export const width = columns * cell.width
export const height = lines * cell.height

/** Where the three colours stand in a pixel of four bytes, as the viewer asked for them. */
export interface PixelShifts { readonly red: number, readonly green: number, readonly blue: number }

const ink = { text: [0xD8, 0xDE, 0xE9], paper: [0x10, 0x16, 0x1D] } as const
const pixel = ([red, green, blue]: readonly [number, number, number], at: PixelShifts) => ((red << at.red) | (green << at.green) | (blue << at.blue)) >>> 0

/** One line of text as pixels, row by row; `inverse`: dark on light. */
export function drawLine(text: string, inverse: boolean, at: PixelShifts): Buffer {
  const [front, back] = inverse ? [pixel(ink.paper, at), pixel(ink.text, at)] : [pixel(ink.text, at), pixel(ink.paper, at)]
  const drawn = Buffer.alloc(width * cell.height * 4)
  for (let offset = 0; offset < drawn.length; offset += 4) drawn.writeUInt32LE(back, offset)
  for (let column = 0; column < Math.min(columns, text.length); column++) {
    const code = text.charCodeAt(column)
    const glyph = code >= 32 && code <= 126 ? code - 32 : '?'.charCodeAt(0) - 32
    for (let x = 0; x < 10; x++) {
      for (let y = 0; y < 16; y++) {
        if ((glyphs[glyph * 5 + (x >> 1)] ?? 0) >> (y >> 1) & 1) drawn.writeUInt32LE(front, ((y + 1) * width + column * cell.width + x + 1) * 4)
      }
    }
  }
  return drawn
}
