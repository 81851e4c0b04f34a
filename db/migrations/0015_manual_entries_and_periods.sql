CREATE TABLE "closed_period_totals" (
	"period_id" uuid NOT NULL,
	"account" text NOT NULL,
	"currency" char(3) DEFAULT 'IDR' NOT NULL,
	"debit" bigint NOT NULL,
	"credit" bigint NOT NULL,
	CONSTRAINT "closed_period_totals_period_id_account_currency_pk" PRIMARY KEY("period_id","account","currency"),
	CONSTRAINT "closed_period_totals_currency" CHECK ("closed_period_totals"."currency" in ('IDR')),
	CONSTRAINT "closed_period_totals_account" CHECK ("closed_period_totals"."account" in ('receivable', 'gateway_clearing', 'bank', 'client_credit', 'ppn_payable', 'revenue', 'bad_debt', 'write_off', 'gateway_fees', 'deposits', 'expenses', 'equity', 'suspense')),
	CONSTRAINT "closed_period_totals_signs" CHECK ("closed_period_totals"."debit" >= 0 and "closed_period_totals"."credit" <= 0)
);
--> statement-breakpoint
CREATE TABLE "closed_periods" (
	"id" uuid PRIMARY KEY NOT NULL,
	"month" text NOT NULL,
	"starts_at" timestamp (3) with time zone NOT NULL,
	"ends_at" timestamp (3) with time zone NOT NULL,
	"closed_by" uuid NOT NULL,
	"closed_at" timestamp (3) with time zone NOT NULL,
	"audit_id" uuid NOT NULL,
	"head_sequence" bigint NOT NULL,
	CONSTRAINT "closed_periods_order" CHECK ("closed_periods"."starts_at" < "closed_periods"."ends_at"),
	CONSTRAINT "closed_periods_over" CHECK ("closed_periods"."ends_at" <= "closed_periods"."closed_at")
);
--> statement-breakpoint
CREATE TABLE "manual_entries" (
	"id" uuid PRIMARY KEY NOT NULL,
	"status" text NOT NULL,
	"at" timestamp (3) with time zone NOT NULL,
	"reason" text NOT NULL,
	"total" bigint NOT NULL,
	"approval_limit" bigint NOT NULL,
	"currency" char(3) DEFAULT 'IDR' NOT NULL,
	"reverses" uuid,
	"proposed_by" uuid NOT NULL,
	"proposed_at" timestamp (3) with time zone NOT NULL,
	"decided_by" uuid,
	"decided_at" timestamp (3) with time zone,
	"note" text,
	CONSTRAINT "manual_entries_currency" CHECK ("manual_entries"."currency" in ('IDR')),
	CONSTRAINT "manual_entries_status" CHECK ("manual_entries"."status" in ('proposed', 'booked', 'rejected')),
	CONSTRAINT "manual_entries_total" CHECK ("manual_entries"."total" > 0),
	CONSTRAINT "manual_entries_decided" CHECK (("manual_entries"."status" = 'proposed') = ("manual_entries"."decided_by" is null) and ("manual_entries"."decided_by" is null) = ("manual_entries"."decided_at" is null)),
	CONSTRAINT "manual_entries_second_person" CHECK ("manual_entries"."status" <> 'booked' or "manual_entries"."total" <= "manual_entries"."approval_limit" or "manual_entries"."decided_by" <> "manual_entries"."proposed_by")
);
--> statement-breakpoint
CREATE TABLE "manual_entry_lines" (
	"entry_id" uuid NOT NULL,
	"position" integer NOT NULL,
	"account" text NOT NULL,
	"client_id" uuid,
	"gateway" text,
	"amount" bigint NOT NULL,
	"currency" char(3) DEFAULT 'IDR' NOT NULL,
	CONSTRAINT "manual_entry_lines_entry_id_position_pk" PRIMARY KEY("entry_id","position"),
	CONSTRAINT "manual_entry_lines_currency" CHECK ("manual_entry_lines"."currency" in ('IDR')),
	CONSTRAINT "manual_entry_lines_account" CHECK ("manual_entry_lines"."account" in ('bank', 'gateway_clearing', 'client_credit', 'ppn_payable', 'revenue', 'expenses', 'gateway_fees', 'bad_debt', 'write_off', 'equity', 'suspense')),
	CONSTRAINT "manual_entry_lines_not_zero" CHECK ("manual_entry_lines"."amount" <> 0),
	CONSTRAINT "manual_entry_lines_named" CHECK (("manual_entry_lines"."account" <> 'client_credit' or "manual_entry_lines"."client_id" is not null) and ("manual_entry_lines"."account" = 'gateway_clearing') = ("manual_entry_lines"."gateway" is not null))
);
--> statement-breakpoint
CREATE TABLE "reopened_periods" (
	"period_id" uuid PRIMARY KEY NOT NULL,
	"reason" text NOT NULL,
	"reopened_by" uuid NOT NULL,
	"reopened_at" timestamp (3) with time zone NOT NULL
);
--> statement-breakpoint
DROP INDEX "journal_lines_invoice";--> statement-breakpoint
DROP INDEX "journal_lines_client";--> statement-breakpoint
ALTER TABLE "closed_period_totals" ADD CONSTRAINT "closed_period_totals_period_id_closed_periods_id_fk" FOREIGN KEY ("period_id") REFERENCES "public"."closed_periods"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "closed_periods" ADD CONSTRAINT "closed_periods_closed_by_users_id_fk" FOREIGN KEY ("closed_by") REFERENCES "public"."users"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "closed_periods" ADD CONSTRAINT "closed_periods_audit_id_ledger_audits_id_fk" FOREIGN KEY ("audit_id") REFERENCES "public"."ledger_audits"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "manual_entries" ADD CONSTRAINT "manual_entries_reverses_manual_entries_id_fk" FOREIGN KEY ("reverses") REFERENCES "public"."manual_entries"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "manual_entries" ADD CONSTRAINT "manual_entries_proposed_by_users_id_fk" FOREIGN KEY ("proposed_by") REFERENCES "public"."users"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "manual_entries" ADD CONSTRAINT "manual_entries_decided_by_users_id_fk" FOREIGN KEY ("decided_by") REFERENCES "public"."users"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "manual_entry_lines" ADD CONSTRAINT "manual_entry_lines_entry_id_manual_entries_id_fk" FOREIGN KEY ("entry_id") REFERENCES "public"."manual_entries"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "manual_entry_lines" ADD CONSTRAINT "manual_entry_lines_client_id_users_id_fk" FOREIGN KEY ("client_id") REFERENCES "public"."users"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "reopened_periods" ADD CONSTRAINT "reopened_periods_period_id_closed_periods_id_fk" FOREIGN KEY ("period_id") REFERENCES "public"."closed_periods"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "reopened_periods" ADD CONSTRAINT "reopened_periods_reopened_by_users_id_fk" FOREIGN KEY ("reopened_by") REFERENCES "public"."users"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "closed_periods_end" ON "closed_periods" USING btree ("ends_at");--> statement-breakpoint
CREATE UNIQUE INDEX "manual_entries_reversed_once" ON "manual_entries" USING btree ("reverses") WHERE status <> 'rejected';--> statement-breakpoint
CREATE INDEX "manual_entries_proposed" ON "manual_entries" USING btree ("proposed_at");--> statement-breakpoint
CREATE INDEX "manual_entries_status_proposed" ON "manual_entries" USING btree ("status","proposed_at");--> statement-breakpoint
CREATE INDEX "manual_entries_waiting" ON "manual_entries" USING btree ("at") WHERE status = 'proposed';--> statement-breakpoint
CREATE INDEX "journal_lines_invoice" ON "journal_lines" USING btree ("invoice_id","account","amount");--> statement-breakpoint
CREATE INDEX "journal_lines_client" ON "journal_lines" USING btree ("client_id","account","amount");--> statement-breakpoint
CREATE TRIGGER manual_entry_lines_append_only BEFORE UPDATE OR DELETE ON manual_entry_lines FOR EACH ROW EXECUTE FUNCTION append_only();
--> statement-breakpoint
CREATE TRIGGER closed_periods_append_only BEFORE UPDATE OR DELETE ON closed_periods FOR EACH ROW EXECUTE FUNCTION append_only();
--> statement-breakpoint
CREATE TRIGGER reopened_periods_append_only BEFORE UPDATE OR DELETE ON reopened_periods FOR EACH ROW EXECUTE FUNCTION append_only();
--> statement-breakpoint
CREATE TRIGGER closed_period_totals_append_only BEFORE UPDATE OR DELETE ON closed_period_totals FOR EACH ROW EXECUTE FUNCTION append_only();
--> statement-breakpoint
INSERT INTO allowed_transitions (entity, "from", "to") VALUES ('manual_entry', 'proposed', 'booked'), ('manual_entry', 'proposed', 'rejected');
--> statement-breakpoint
-- What was proposed is what is decided on: nothing but the decision is written into a row.
CREATE FUNCTION manual_entry_decided_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'DELETE' THEN
    RAISE EXCEPTION 'a manual entry is not deleted' USING ERRCODE = 'check_violation';
  ELSIF TG_OP = 'INSERT' THEN
    IF NEW.status <> 'proposed' THEN RAISE EXCEPTION 'a manual entry begins as proposed' USING ERRCODE = 'check_violation'; END IF;
  ELSIF OLD.status <> 'proposed' OR to_jsonb(NEW) - ARRAY['status', 'decided_by', 'decided_at', 'note'] <> to_jsonb(OLD) - ARRAY['status', 'decided_by', 'decided_at', 'note'] THEN
    RAISE EXCEPTION 'a manual entry stays what was proposed' USING ERRCODE = 'check_violation';
  END IF;
  RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
END $$;
--> statement-breakpoint
CREATE TRIGGER manual_entries_decided_only BEFORE INSERT OR UPDATE OR DELETE ON manual_entries FOR EACH ROW EXECUTE FUNCTION manual_entry_decided_only();
--> statement-breakpoint
CREATE TRIGGER manual_entries_transition BEFORE UPDATE OF status ON manual_entries FOR EACH ROW EXECUTE FUNCTION transition_allowed('manual_entry');
--> statement-breakpoint
-- The journal takes an entry by hand only as it was decided on, line by line; looked at when the transaction commits.
CREATE FUNCTION manual_entry_was_decided() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NOT EXISTS (SELECT 1 FROM manual_entries WHERE id::text = NEW.cause_id AND status = 'booked' AND at = NEW.at)
    OR EXISTS (SELECT position, account, client_id, gateway, amount, currency FROM manual_entry_lines WHERE entry_id = NEW.cause_id::uuid EXCEPT SELECT position, account, client_id, gateway, amount, currency FROM journal_lines WHERE entry_id = NEW.id)
    OR EXISTS (SELECT position, account, client_id, gateway, amount, currency FROM journal_lines WHERE entry_id = NEW.id EXCEPT SELECT position, account, client_id, gateway, amount, currency FROM manual_entry_lines WHERE entry_id = NEW.cause_id::uuid) THEN
    RAISE EXCEPTION 'manual entry % is not booked as it was decided', NEW.cause_id USING ERRCODE = 'check_violation';
  END IF;
  RETURN NULL;
END $$;
--> statement-breakpoint
CREATE CONSTRAINT TRIGGER journal_entries_manual AFTER INSERT ON journal_entries DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (NEW.cause = 'manual_entry') EXECUTE FUNCTION manual_entry_was_decided();
--> statement-breakpoint
-- Where the open part of the journal begins; null while nothing is closed. Until the transaction ends no month is closed or opened: its
-- entries stay on the side of the border that it saw. Volatile, so that it sees what was closed while it waited.
CREATE FUNCTION journal_open_from() RETURNS timestamptz LANGUAGE plpgsql VOLATILE AS $$
BEGIN
  PERFORM pg_advisory_xact_lock_shared(hashtextextended('journal.periods', 0));
  RETURN (SELECT p.ends_at FROM closed_periods p WHERE NOT EXISTS (SELECT 1 FROM reopened_periods r WHERE r.period_id = p.id) ORDER BY p.ends_at DESC LIMIT 1);
END $$;
--> statement-breakpoint
CREATE FUNCTION journal_period_is_open() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.at < journal_open_from() THEN
    RAISE EXCEPTION 'the month of % is closed', NEW.at USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$;
--> statement-breakpoint
CREATE TRIGGER journal_entries_period BEFORE INSERT ON journal_entries FOR EACH ROW EXECUTE FUNCTION journal_period_is_open();
--> statement-breakpoint
-- Months are closed one after the other, without a gap, beginning with the first that was booked in.
CREATE FUNCTION closed_period_follows() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  last timestamptz;
BEGIN
  PERFORM pg_advisory_xact_lock(hashtextextended('journal.periods', 0));
  last := journal_open_from();
  IF (last IS NOT NULL AND last <> NEW.starts_at) OR (last IS NULL AND EXISTS (SELECT 1 FROM journal_entries WHERE at < NEW.starts_at)) THEN
    RAISE EXCEPTION 'months are closed in order' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$;
--> statement-breakpoint
CREATE TRIGGER closed_periods_follow BEFORE INSERT ON closed_periods FOR EACH ROW EXECUTE FUNCTION closed_period_follows();
--> statement-breakpoint
CREATE FUNCTION reopened_period_is_last() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_advisory_xact_lock(hashtextextended('journal.periods', 0));
  IF NOT EXISTS (SELECT 1 FROM closed_periods WHERE id = NEW.period_id AND ends_at = journal_open_from() AND closed_by <> NEW.reopened_by) THEN
    RAISE EXCEPTION 'only the last closed month is reopened, and by somebody else than who closed it' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$;
--> statement-breakpoint
CREATE TRIGGER reopened_periods_last BEFORE INSERT ON reopened_periods FOR EACH ROW EXECUTE FUNCTION reopened_period_is_last();
