export interface CsvRow { readonly /** Of its first letter, from 1. */ line: number, readonly cells: readonly string[] }

/** Reads separated values (RFC 4180: quotes around a cell, doubled inside it, line ends within). Empty rows are left out. */
export function* readCsv(text: string, delimiter: string): Generator<CsvRow> {
  let [line, startLine, cell, quoted] = [1, 1, '', false]
  let cells: string[] = []
  const end = () => {
    cells.push(cleanCell(cell))
    cell = ''
  }
  for (let i = 0; i < text.length; i++) {
    const letter = text[i] ?? ''
    if (letter === '\n') line++
    if (quoted) {
      if (letter !== '"') cell += letter
      else if (text[i + 1] === '"') cell += text[i++]
      else quoted = false
    } else if (letter === '"' && cell.trim() === '') [quoted, cell] = [true, '']
    else if (letter === delimiter) end()
    else if (letter === '\n') {
      end()
      if (cells.some(value => value !== '')) yield { line: startLine, cells }
      ;[cells, startLine] = [[], line]
    } else if (letter !== '\r') cell += letter
  }
  end()
  if (cells.some(value => value !== '')) yield { line: startLine, cells }
}

// Control letters, which no database keeps, and the apostrophe by which banks tell spreadsheets that a cell is text.
// eslint-disable-next-line no-control-regex
const cleanCell = (cell: string): string => cell.replace(/[\u0000-\u001f\u007f]+/g, ' ').replace(/\s+/g, ' ').trim().replace(/^'/, '').trim()
