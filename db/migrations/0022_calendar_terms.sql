CREATE TABLE "late_fees" (
	"late_invoice_id" uuid PRIMARY KEY NOT NULL,
	"fee_invoice_id" uuid NOT NULL
);
--> statement-breakpoint
CREATE TABLE "holidays" (
	"day" date PRIMARY KEY NOT NULL,
	"name" text NOT NULL
);
--> statement-breakpoint
ALTER TABLE "invoice_lines" DROP CONSTRAINT "invoice_lines_kind";--> statement-breakpoint
ALTER TABLE "journal_lines" DROP CONSTRAINT "journal_lines_account";--> statement-breakpoint
ALTER TABLE "closed_period_totals" DROP CONSTRAINT "closed_period_totals_account";--> statement-breakpoint
ALTER TABLE "manual_entry_lines" DROP CONSTRAINT "manual_entry_lines_account";--> statement-breakpoint
ALTER TABLE "billing_terms" ADD COLUMN "late_fee_kind" text DEFAULT 'none' NOT NULL;--> statement-breakpoint
ALTER TABLE "billing_terms" ADD COLUMN "late_fee_percent" integer;--> statement-breakpoint
ALTER TABLE "billing_terms" ADD COLUMN "late_fee_amount" bigint;--> statement-breakpoint
ALTER TABLE "billing_terms" ADD COLUMN "late_fee_days" integer;--> statement-breakpoint
ALTER TABLE "late_fees" ADD CONSTRAINT "late_fees_late_invoice_id_invoices_id_fk" FOREIGN KEY ("late_invoice_id") REFERENCES "public"."invoices"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "late_fees" ADD CONSTRAINT "late_fees_fee_invoice_id_invoices_id_fk" FOREIGN KEY ("fee_invoice_id") REFERENCES "public"."invoices"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE UNIQUE INDEX "late_fees_fee" ON "late_fees" USING btree ("fee_invoice_id");--> statement-breakpoint
ALTER TABLE "invoice_lines" ADD CONSTRAINT "invoice_lines_kind" CHECK ("invoice_lines"."kind" in ('service', 'setup', 'discount', 'setup_discount', 'other', 'deposit', 'change', 'late_fee'));--> statement-breakpoint
ALTER TABLE "journal_lines" ADD CONSTRAINT "journal_lines_account" CHECK ("journal_lines"."account" in ('receivable', 'gateway_clearing', 'bank', 'client_credit', 'ppn_payable', 'revenue', 'late_fees', 'bad_debt', 'write_off', 'gateway_fees', 'deposits', 'expenses', 'equity', 'suspense'));--> statement-breakpoint
ALTER TABLE "closed_period_totals" ADD CONSTRAINT "closed_period_totals_account" CHECK ("closed_period_totals"."account" in ('receivable', 'gateway_clearing', 'bank', 'client_credit', 'ppn_payable', 'revenue', 'late_fees', 'bad_debt', 'write_off', 'gateway_fees', 'deposits', 'expenses', 'equity', 'suspense'));--> statement-breakpoint
ALTER TABLE "manual_entry_lines" ADD CONSTRAINT "manual_entry_lines_account" CHECK ("manual_entry_lines"."account" in ('bank', 'gateway_clearing', 'client_credit', 'ppn_payable', 'revenue', 'late_fees', 'expenses', 'gateway_fees', 'bad_debt', 'write_off', 'equity', 'suspense'));--> statement-breakpoint
ALTER TABLE "billing_terms" ADD CONSTRAINT "billing_terms_late_fee" CHECK ("billing_terms"."late_fee_kind" in ('none', 'percent', 'fixed') and ("billing_terms"."late_fee_kind" = 'none') = ("billing_terms"."late_fee_amount" is null) and ("billing_terms"."late_fee_kind" = 'none') = ("billing_terms"."late_fee_days" is null) and ("billing_terms"."late_fee_kind" = 'percent') = ("billing_terms"."late_fee_percent" is not null) and "billing_terms"."late_fee_amount" > 0 and "billing_terms"."late_fee_percent" between 1 and 100 and "billing_terms"."late_fee_days" > 0 and "billing_terms"."late_fee_days" < "billing_terms"."terminate_after_days");--> statement-breakpoint
CREATE TRIGGER late_fees_append_only BEFORE UPDATE OR DELETE ON "late_fees" FOR EACH ROW EXECUTE FUNCTION append_only();--> statement-breakpoint
-- Days of a fixed date; the moving ones are entered as the government announces them.
INSERT INTO "holidays" ("day", "name") VALUES
	('2026-01-01', 'Tahun Baru Masehi'),
	('2026-05-01', 'Hari Buruh Internasional'),
	('2026-06-01', 'Hari Lahir Pancasila'),
	('2026-08-17', 'Hari Kemerdekaan'),
	('2026-12-25', 'Hari Raya Natal'),
	('2027-01-01', 'Tahun Baru Masehi'),
	('2027-05-01', 'Hari Buruh Internasional'),
	('2027-06-01', 'Hari Lahir Pancasila'),
	('2027-08-17', 'Hari Kemerdekaan'),
	('2027-12-25', 'Hari Raya Natal'),
	('2028-01-01', 'Tahun Baru Masehi'),
	('2028-05-01', 'Hari Buruh Internasional'),
	('2028-06-01', 'Hari Lahir Pancasila'),
	('2028-08-17', 'Hari Kemerdekaan'),
	('2028-12-25', 'Hari Raya Natal');
