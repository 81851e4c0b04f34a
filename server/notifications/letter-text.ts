/**
 * A letter's text with holes (`{{name}}`). Nothing in it is evaluated: a hole is filled with a value or left empty, once, so that a value
 * which looks like a hole or like HTML stays what it is.
 */
export interface LetterText {
  readonly subject: string
  readonly paragraphs: readonly string[]
  /** Shown large and alone: a code to type. */
  readonly code?: string
  /** Shown as a small table. */
  readonly details?: readonly (readonly [label: string, value: string])[]
  /** A button, and in the plain text a line with the address. */
  readonly action?: { readonly label: string, readonly url: string }
  /** After the action. */
  readonly closing?: readonly string[]
}

export interface LetterFrame { readonly greeting: string, readonly signature: string, readonly automatic: string }
