CREATE TABLE "comparison_items" (
	"id" uuid PRIMARY KEY NOT NULL,
	"gateway" text NOT NULL,
	"payment_id" uuid NOT NULL,
	"kind" text NOT NULL,
	"ours" text NOT NULL,
	"theirs" text NOT NULL,
	"first_seen_at" timestamp (3) with time zone NOT NULL,
	"last_seen_at" timestamp (3) with time zone NOT NULL,
	"resolved_at" timestamp (3) with time zone,
	"acknowledged_at" timestamp (3) with time zone,
	"acknowledged_by_name" text,
	"acknowledged_reason" text,
	CONSTRAINT "comparison_items_kind" CHECK ("comparison_items"."kind" in ('wrong_amount', 'other_order', 'needs_review', 'settled_again', 'refund_without_settlement', 'unknown_at_gateway', 'unreadable', 'state_differs', 'amount_differs', 'refund_unconfirmed'))
);
--> statement-breakpoint
CREATE TABLE "comparison_runs" (
	"id" uuid PRIMARY KEY NOT NULL,
	"requested_by" text NOT NULL,
	"started_at" timestamp (3) with time zone NOT NULL,
	"finished_at" timestamp (3) with time zone,
	"since" timestamp (3) with time zone NOT NULL,
	"cursor" uuid,
	"checked" integer DEFAULT 0 NOT NULL,
	"unasked" integer DEFAULT 0 NOT NULL
);
--> statement-breakpoint
CREATE TABLE "gateway_fee_rules" (
	"gateway" text NOT NULL,
	"method" text NOT NULL,
	"fixed" bigint NOT NULL,
	"currency" char(3) DEFAULT 'IDR' NOT NULL,
	"basis_points" integer NOT NULL,
	"updated_at" timestamp (3) with time zone NOT NULL,
	"updated_by_name" text NOT NULL,
	CONSTRAINT "gateway_fee_rules_gateway_method_pk" PRIMARY KEY("gateway","method"),
	CONSTRAINT "gateway_fee_rules_currency" CHECK ("gateway_fee_rules"."currency" in ('IDR')),
	CONSTRAINT "gateway_fee_rules_gateway" CHECK ("gateway_fee_rules"."gateway" in ('midtrans', 'xendit')),
	CONSTRAINT "gateway_fee_rules_method" CHECK ("gateway_fee_rules"."method" in ('snap', 'bca_va', 'bni_va', 'bri_va', 'permata_va', 'cimb_va', 'mandiri_bill', 'qris', 'gopay', 'xendit', 'transfer', 'credit', 'manual')),
	CONSTRAINT "gateway_fee_rules_range" CHECK ("gateway_fee_rules"."fixed" >= 0 and "gateway_fee_rules"."basis_points" between 0 and 10000)
);
--> statement-breakpoint
CREATE TABLE "gateway_payouts" (
	"id" uuid PRIMARY KEY NOT NULL,
	"gateway" text NOT NULL,
	"reference" text NOT NULL,
	"amount" bigint NOT NULL,
	"fee" bigint NOT NULL,
	"currency" char(3) DEFAULT 'IDR' NOT NULL,
	"paid_on" timestamp (3) with time zone NOT NULL,
	"recorded_at" timestamp (3) with time zone NOT NULL,
	"recorded_by_name" text NOT NULL,
	CONSTRAINT "gateway_payouts_currency" CHECK ("gateway_payouts"."currency" in ('IDR')),
	CONSTRAINT "gateway_payouts_gateway" CHECK ("gateway_payouts"."gateway" in ('midtrans', 'xendit')),
	CONSTRAINT "gateway_payouts_amount" CHECK ("gateway_payouts"."amount" > 0 and "gateway_payouts"."fee" >= 0)
);
--> statement-breakpoint
CREATE TABLE "refunds" (
	"id" uuid PRIMARY KEY NOT NULL,
	"payment_id" uuid,
	"invoice_id" uuid,
	"client_id" uuid NOT NULL,
	"kind" text NOT NULL,
	"status" text NOT NULL,
	"consequence" text NOT NULL,
	"amount" bigint NOT NULL,
	"currency" char(3) DEFAULT 'IDR' NOT NULL,
	"refund_key" text,
	"found" boolean DEFAULT false NOT NULL,
	"reason" text NOT NULL,
	"reference" text,
	"paid_on" timestamp (3) with time zone,
	"requested_by" uuid,
	"requested_by_name" text NOT NULL,
	"needs_approval" boolean DEFAULT false NOT NULL,
	"approved_by" uuid,
	"approved_by_name" text,
	"approved_at" timestamp (3) with time zone,
	"created_at" timestamp (3) with time zone NOT NULL,
	"sent_at" timestamp (3) with time zone,
	"checked_at" timestamp (3) with time zone,
	"finished_at" timestamp (3) with time zone,
	"problem" text,
	"noted_at" timestamp (3) with time zone,
	"noted_by_name" text,
	CONSTRAINT "refunds_currency" CHECK ("refunds"."currency" in ('IDR')),
	CONSTRAINT "refunds_kind" CHECK ("refunds"."kind" in ('gateway', 'credit', 'manual', 'credit_payout', 'chargeback')),
	CONSTRAINT "refunds_status" CHECK ("refunds"."status" in ('requested', 'pending', 'done', 'failed', 'reversed')),
	CONSTRAINT "refunds_consequence" CHECK ("refunds"."consequence" in ('reopen', 'keep')),
	CONSTRAINT "refunds_amount" CHECK ("refunds"."amount" > 0),
	CONSTRAINT "refunds_payment" CHECK (("refunds"."kind" = 'credit_payout') = ("refunds"."payment_id" is null)),
	CONSTRAINT "refunds_transfer" CHECK ("refunds"."kind" not in ('manual', 'credit_payout') or ("refunds"."reference" is not null and "refunds"."paid_on" is not null))
);
--> statement-breakpoint
ALTER TABLE "payments" ADD COLUMN "channel" text;--> statement-breakpoint
ALTER TABLE "comparison_items" ADD CONSTRAINT "comparison_items_payment_id_payments_id_fk" FOREIGN KEY ("payment_id") REFERENCES "public"."payments"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "refunds" ADD CONSTRAINT "refunds_payment_id_payments_id_fk" FOREIGN KEY ("payment_id") REFERENCES "public"."payments"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "refunds" ADD CONSTRAINT "refunds_invoice_id_invoices_id_fk" FOREIGN KEY ("invoice_id") REFERENCES "public"."invoices"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "refunds" ADD CONSTRAINT "refunds_client_id_users_id_fk" FOREIGN KEY ("client_id") REFERENCES "public"."users"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE UNIQUE INDEX "comparison_items_open" ON "comparison_items" USING btree ("payment_id","kind") WHERE resolved_at is null;--> statement-breakpoint
CREATE INDEX "comparison_items_seen" ON "comparison_items" USING btree ("first_seen_at");--> statement-breakpoint
CREATE INDEX "comparison_runs_started" ON "comparison_runs" USING btree ("started_at");--> statement-breakpoint
CREATE UNIQUE INDEX "gateway_payouts_once" ON "gateway_payouts" USING btree ("gateway","reference");--> statement-breakpoint
CREATE INDEX "gateway_payouts_recorded" ON "gateway_payouts" USING btree ("recorded_at");--> statement-breakpoint
CREATE UNIQUE INDEX "refunds_key" ON "refunds" USING btree ("payment_id","refund_key");--> statement-breakpoint
CREATE UNIQUE INDEX "refunds_one_transfer" ON "refunds" USING btree ("client_id","reference","amount","paid_on") WHERE kind in ('manual','credit_payout') and status <> 'failed';--> statement-breakpoint
CREATE INDEX "refunds_invoice" ON "refunds" USING btree ("invoice_id");--> statement-breakpoint
CREATE INDEX "refunds_created" ON "refunds" USING btree ("created_at");--> statement-breakpoint
CREATE INDEX "refunds_by_status" ON "refunds" USING btree ("status","created_at");--> statement-breakpoint
CREATE INDEX "refunds_client" ON "refunds" USING btree ("client_id","created_at");--> statement-breakpoint
CREATE INDEX "payments_settled" ON "payments" USING btree ("settled_at");--> statement-breakpoint
ALTER TABLE "payments" ADD CONSTRAINT "payments_channel" CHECK ("payments"."channel" in ('snap', 'bca_va', 'bni_va', 'bri_va', 'permata_va', 'cimb_va', 'mandiri_bill', 'qris', 'gopay', 'xendit', 'transfer', 'credit', 'manual'));--> statement-breakpoint
INSERT INTO allowed_transitions (entity, "from", "to") VALUES
  ('refund', 'requested', 'pending'), ('refund', 'requested', 'done'), ('refund', 'requested', 'failed'), ('refund', 'pending', 'done'), ('refund', 'pending', 'failed'), ('refund', 'failed', 'done'), ('refund', 'done', 'reversed'),
  ('payment', 'charged_back', 'settled');
--> statement-breakpoint
CREATE TRIGGER refunds_transition BEFORE UPDATE OF status ON refunds FOR EACH ROW EXECUTE FUNCTION transition_allowed('refund');
--> statement-breakpoint
-- What we ourselves give back of a payment is never more than was settled. What a gateway reports as gone is a fact and is always written.
CREATE FUNCTION refunds_within_payment() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.payment_id IS NOT NULL AND NOT NEW.found AND NEW.status IN ('requested', 'pending') AND
    (SELECT sum(amount) FROM refunds WHERE payment_id = NEW.payment_id AND status NOT IN ('failed', 'reversed')) > (SELECT coalesce(settled_amount, amount) FROM payments WHERE id = NEW.payment_id) THEN
    RAISE EXCEPTION 'refunds of payment % exceed what was settled', NEW.payment_id USING ERRCODE = 'check_violation';
  END IF;
  RETURN NULL;
END $$;
--> statement-breakpoint
CREATE TRIGGER refunds_within_payment AFTER INSERT OR UPDATE OF status, amount ON refunds FOR EACH ROW EXECUTE FUNCTION refunds_within_payment();
--> statement-breakpoint
-- What was given back or taken back before refunds had rows of their own: the row has the id that its journal entry names.
INSERT INTO refunds (id, payment_id, invoice_id, client_id, kind, status, consequence, amount, currency, found, reason, requested_by_name, created_at, finished_at, noted_at)
  SELECT id, id, invoice_id, client_id, CASE status WHEN 'refunded' THEN 'gateway' ELSE 'chargeback' END, 'done', 'reopen', coalesce(settled_amount, amount), currency, true, 'gateway', 'gateway', coalesce(settled_at, created_at), coalesce(checked_at, settled_at, created_at), coalesce(checked_at, settled_at, created_at)
  FROM payments WHERE status IN ('refunded', 'charged_back');
