ALTER TABLE "credit_note_lines" DROP CONSTRAINT "credit_note_lines_amount";--> statement-breakpoint
ALTER TABLE "credit_note_lines" ADD COLUMN "unearned" bigint DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE "credit_note_lines" ADD CONSTRAINT "credit_note_lines_amount" CHECK ("credit_note_lines"."amount" > 0 and "credit_note_lines"."unearned" between 0 and "credit_note_lines"."amount");