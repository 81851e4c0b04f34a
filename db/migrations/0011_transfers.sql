CREATE TABLE "bank_accounts" (
	"id" uuid PRIMARY KEY NOT NULL,
	"bank" text NOT NULL,
	"number" text NOT NULL,
	"holder" text NOT NULL,
	"active" boolean DEFAULT true NOT NULL,
	"position" integer DEFAULT 100 NOT NULL,
	"created_at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "bank_accounts_bank" CHECK ("bank_accounts"."bank" in ('BCA', 'Mandiri', 'BNI', 'BRI'))
);
--> statement-breakpoint
CREATE TABLE "bank_lines" (
	"id" uuid PRIMARY KEY NOT NULL,
	"account_id" uuid NOT NULL,
	"statement_id" uuid NOT NULL,
	"line" integer NOT NULL,
	"booked_on" date NOT NULL,
	"amount" bigint NOT NULL,
	"currency" char(3) DEFAULT 'IDR' NOT NULL,
	"description" text NOT NULL,
	"fingerprint" text NOT NULL,
	"status" text NOT NULL,
	"used_as" text,
	"payment_id" uuid,
	"client_id" uuid,
	"reason" text,
	"decided_at" timestamp (3) with time zone,
	"decided_by" text,
	CONSTRAINT "bank_lines_currency" CHECK ("bank_lines"."currency" in ('IDR')),
	CONSTRAINT "bank_lines_status" CHECK ("bank_lines"."status" in ('open', 'settled', 'ignored', 'outgoing')),
	CONSTRAINT "bank_lines_use" CHECK ("bank_lines"."used_as" in ('transfer', 'invoice', 'credit', 'recorded')),
	CONSTRAINT "bank_lines_not_zero" CHECK ("bank_lines"."amount" <> 0),
	CONSTRAINT "bank_lines_settled_with_use" CHECK (("bank_lines"."status" = 'settled') = ("bank_lines"."used_as" is not null)),
	CONSTRAINT "bank_lines_ignored_with_reason" CHECK (("bank_lines"."status" = 'ignored') = ("bank_lines"."reason" is not null))
);
--> statement-breakpoint
CREATE TABLE "bank_statements" (
	"id" uuid PRIMARY KEY NOT NULL,
	"account_id" uuid NOT NULL,
	"name" text NOT NULL,
	"format" text NOT NULL,
	"imported_at" timestamp (3) with time zone NOT NULL,
	"imported_by" text NOT NULL,
	"rows" integer NOT NULL,
	"added" integer NOT NULL,
	"problems" jsonb NOT NULL
);
--> statement-breakpoint
CREATE TABLE "deposit_targets" (
	"deposit_id" uuid NOT NULL,
	"position" integer NOT NULL,
	"invoice_id" uuid NOT NULL,
	"amount" bigint NOT NULL,
	"currency" char(3) DEFAULT 'IDR' NOT NULL,
	CONSTRAINT "deposit_targets_deposit_id_position_pk" PRIMARY KEY("deposit_id","position"),
	CONSTRAINT "deposit_targets_currency" CHECK ("deposit_targets"."currency" in ('IDR'))
);
--> statement-breakpoint
CREATE TABLE "payment_proofs" (
	"id" uuid PRIMARY KEY NOT NULL,
	"payment_id" uuid NOT NULL,
	"kind" text NOT NULL,
	"size" integer NOT NULL,
	"content" "bytea" NOT NULL,
	"uploaded_at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "payment_proofs_kind" CHECK ("payment_proofs"."kind" in ('jpeg', 'png', 'pdf'))
);
--> statement-breakpoint
CREATE TABLE "transfers" (
	"payment_id" uuid PRIMARY KEY NOT NULL,
	"base" bigint NOT NULL,
	"code" integer NOT NULL,
	"currency" char(3) DEFAULT 'IDR' NOT NULL,
	"proof_at" timestamp (3) with time zone,
	CONSTRAINT "transfers_currency" CHECK ("transfers"."currency" in ('IDR')),
	CONSTRAINT "transfers_code" CHECK ("transfers"."code" between 1 and 999)
);
--> statement-breakpoint
ALTER TABLE "bank_lines" ADD CONSTRAINT "bank_lines_account_id_bank_accounts_id_fk" FOREIGN KEY ("account_id") REFERENCES "public"."bank_accounts"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "bank_lines" ADD CONSTRAINT "bank_lines_statement_id_bank_statements_id_fk" FOREIGN KEY ("statement_id") REFERENCES "public"."bank_statements"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "bank_lines" ADD CONSTRAINT "bank_lines_payment_id_payments_id_fk" FOREIGN KEY ("payment_id") REFERENCES "public"."payments"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "bank_lines" ADD CONSTRAINT "bank_lines_client_id_users_id_fk" FOREIGN KEY ("client_id") REFERENCES "public"."users"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "bank_statements" ADD CONSTRAINT "bank_statements_account_id_bank_accounts_id_fk" FOREIGN KEY ("account_id") REFERENCES "public"."bank_accounts"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "deposit_targets" ADD CONSTRAINT "deposit_targets_deposit_id_invoices_id_fk" FOREIGN KEY ("deposit_id") REFERENCES "public"."invoices"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "deposit_targets" ADD CONSTRAINT "deposit_targets_invoice_id_invoices_id_fk" FOREIGN KEY ("invoice_id") REFERENCES "public"."invoices"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "payment_proofs" ADD CONSTRAINT "payment_proofs_payment_id_payments_id_fk" FOREIGN KEY ("payment_id") REFERENCES "public"."payments"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "transfers" ADD CONSTRAINT "transfers_payment_id_payments_id_fk" FOREIGN KEY ("payment_id") REFERENCES "public"."payments"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE UNIQUE INDEX "bank_accounts_number" ON "bank_accounts" USING btree ("bank","number");--> statement-breakpoint
CREATE UNIQUE INDEX "bank_lines_once" ON "bank_lines" USING btree ("account_id","fingerprint");--> statement-breakpoint
CREATE UNIQUE INDEX "bank_lines_payment" ON "bank_lines" USING btree ("payment_id");--> statement-breakpoint
CREATE INDEX "bank_lines_list" ON "bank_lines" USING btree ("status","booked_on","id");--> statement-breakpoint
CREATE INDEX "bank_lines_statement" ON "bank_lines" USING btree ("statement_id");--> statement-breakpoint
CREATE INDEX "bank_statements_imported" ON "bank_statements" USING btree ("imported_at");--> statement-breakpoint
CREATE UNIQUE INDEX "deposit_targets_once" ON "deposit_targets" USING btree ("deposit_id","invoice_id");--> statement-breakpoint
CREATE INDEX "payment_proofs_payment" ON "payment_proofs" USING btree ("payment_id","uploaded_at");--> statement-breakpoint
CREATE INDEX "transfers_base" ON "transfers" USING btree ("base");--> statement-breakpoint
CREATE UNIQUE INDEX "payments_transfer_amount" ON "payments" USING btree ("amount","currency") WHERE method = 'transfer' and status in ('created','pending');--> statement-breakpoint
CREATE INDEX "payments_bank_amount" ON "payments" USING btree ("amount") WHERE method in ('transfer','manual');