CREATE TABLE "credit_note_lines" (
	"credit_note_id" uuid NOT NULL,
	"position" integer NOT NULL,
	"invoice_line_id" uuid NOT NULL,
	"description" text NOT NULL,
	"amount" bigint NOT NULL,
	"currency" char(3) DEFAULT 'IDR' NOT NULL,
	CONSTRAINT "credit_note_lines_credit_note_id_position_pk" PRIMARY KEY("credit_note_id","position"),
	CONSTRAINT "credit_note_lines_currency" CHECK ("credit_note_lines"."currency" in ('IDR')),
	CONSTRAINT "credit_note_lines_amount" CHECK ("credit_note_lines"."amount" > 0)
);
--> statement-breakpoint
CREATE TABLE "credit_notes" (
	"id" uuid PRIMARY KEY NOT NULL,
	"invoice_id" uuid NOT NULL,
	"series" text NOT NULL,
	"year" integer NOT NULL,
	"sequence" integer NOT NULL,
	"number" text NOT NULL,
	"currency" char(3) DEFAULT 'IDR' NOT NULL,
	"taxable" bigint NOT NULL,
	"dpp" bigint NOT NULL,
	"tax" bigint NOT NULL,
	"total" bigint NOT NULL,
	"to_invoice" bigint NOT NULL,
	"to_credit" bigint NOT NULL,
	"reason" text NOT NULL,
	"actor" text NOT NULL,
	"issued_at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "credit_notes_number_unique" UNIQUE("number"),
	CONSTRAINT "credit_notes_currency" CHECK ("credit_notes"."currency" in ('IDR')),
	CONSTRAINT "credit_notes_sums" CHECK ("credit_notes"."total" = "credit_notes"."taxable" + "credit_notes"."tax" and "credit_notes"."total" = "credit_notes"."to_invoice" + "credit_notes"."to_credit" and "credit_notes"."total" > 0 and "credit_notes"."tax" >= 0 and "credit_notes"."to_invoice" >= 0 and "credit_notes"."to_credit" >= 0)
);
--> statement-breakpoint
CREATE TABLE "seller_tax_statuses" (
	"id" uuid PRIMARY KEY NOT NULL,
	"pkp" boolean NOT NULL,
	"from" timestamp (3) with time zone NOT NULL,
	"reason" text NOT NULL,
	"actor" text NOT NULL,
	"created_at" timestamp (3) with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "tax_rules" (
	"name" text PRIMARY KEY NOT NULL,
	"from" timestamp (3) with time zone NOT NULL,
	"rate_percent" integer NOT NULL,
	"dpp_numerator" integer NOT NULL,
	"dpp_denominator" integer NOT NULL,
	"reason" text NOT NULL,
	"actor" text NOT NULL,
	"created_at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "tax_rules_figures" CHECK ("tax_rules"."rate_percent" between 0 and 100 and "tax_rules"."dpp_numerator" between 1 and "tax_rules"."dpp_denominator")
);
--> statement-breakpoint
ALTER TABLE "invoice_lines" ADD COLUMN "quantity" integer DEFAULT 1 NOT NULL;--> statement-breakpoint
ALTER TABLE "invoices" ADD COLUMN "term_days" integer;--> statement-breakpoint
ALTER TABLE "invoices" ADD COLUMN "note" text;--> statement-breakpoint
ALTER TABLE "invoices" ADD COLUMN "tax_invoice_number" text;--> statement-breakpoint
ALTER TABLE "credit_note_lines" ADD CONSTRAINT "credit_note_lines_credit_note_id_credit_notes_id_fk" FOREIGN KEY ("credit_note_id") REFERENCES "public"."credit_notes"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "credit_note_lines" ADD CONSTRAINT "credit_note_lines_invoice_line_id_invoice_lines_id_fk" FOREIGN KEY ("invoice_line_id") REFERENCES "public"."invoice_lines"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "credit_notes" ADD CONSTRAINT "credit_notes_invoice_id_invoices_id_fk" FOREIGN KEY ("invoice_id") REFERENCES "public"."invoices"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "credit_note_lines_line" ON "credit_note_lines" USING btree ("invoice_line_id");--> statement-breakpoint
CREATE UNIQUE INDEX "credit_notes_sequence" ON "credit_notes" USING btree ("series","year","sequence");--> statement-breakpoint
CREATE INDEX "credit_notes_invoice" ON "credit_notes" USING btree ("invoice_id","issued_at");--> statement-breakpoint
CREATE INDEX "seller_tax_statuses_from" ON "seller_tax_statuses" USING btree ("from","created_at");--> statement-breakpoint
CREATE INDEX "tax_rules_from" ON "tax_rules" USING btree ("from","created_at");--> statement-breakpoint
CREATE UNIQUE INDEX "invoices_tax_invoice" ON "invoices" USING btree ("tax_invoice_number");--> statement-breakpoint
CREATE INDEX "invoices_issued" ON "invoices" USING btree ("issued_at","id");--> statement-breakpoint
ALTER TABLE "invoice_lines" ADD CONSTRAINT "invoice_lines_quantity" CHECK ("invoice_lines"."quantity" > 0);--> statement-breakpoint
ALTER TABLE "invoices" ADD CONSTRAINT "invoices_tax_number" CHECK ("invoices"."tax_invoice_number" ~ '^[0-9]{17}$');--> statement-breakpoint
-- A note that was issued, and a rule that was in force, are never changed: another one is added.
CREATE TRIGGER credit_notes_append_only BEFORE UPDATE OR DELETE ON credit_notes FOR EACH ROW EXECUTE FUNCTION append_only();--> statement-breakpoint
CREATE TRIGGER credit_note_lines_append_only BEFORE UPDATE OR DELETE ON credit_note_lines FOR EACH ROW EXECUTE FUNCTION append_only();--> statement-breakpoint
CREATE TRIGGER tax_rules_append_only BEFORE UPDATE OR DELETE ON tax_rules FOR EACH ROW EXECUTE FUNCTION append_only();--> statement-breakpoint
CREATE TRIGGER seller_tax_statuses_append_only BEFORE UPDATE OR DELETE ON seller_tax_statuses FOR EACH ROW EXECUTE FUNCTION append_only();--> statement-breakpoint
-- The rules of `shared/money/tax.ts`; a test compares the two.
INSERT INTO tax_rules (name, "from", rate_percent, dpp_numerator, dpp_denominator, reason, actor, created_at) VALUES
  ('ppn-11', '2022-04-01T00:00:00+07:00', 11, 1, 1, 'UU 7/2021 (HPP), art. 7(1)a', 'system:migration', '2022-04-01T00:00:00+07:00'),
  ('ppn-12-dpp-11/12', '2025-01-01T00:00:00+07:00', 12, 11, 12, 'PMK 131/2024, PMK 11/2025', 'system:migration', '2025-01-01T00:00:00+07:00');
