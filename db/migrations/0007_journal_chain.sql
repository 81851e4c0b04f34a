CREATE TABLE "journal_seals" (
	"sequence" bigint PRIMARY KEY NOT NULL,
	"entry_id" uuid NOT NULL,
	"hash" text NOT NULL,
	"sealed_at" timestamp (3) with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "ledger_audits" (
	"id" uuid PRIMARY KEY NOT NULL,
	"started_at" timestamp (3) with time zone NOT NULL,
	"finished_at" timestamp (3) with time zone NOT NULL,
	"requested_by" text NOT NULL,
	"entries" bigint NOT NULL,
	"head_sequence" bigint NOT NULL,
	"head_hash" text NOT NULL,
	"findings" jsonb NOT NULL
);
--> statement-breakpoint
ALTER TABLE "journal_seals" ADD CONSTRAINT "journal_seals_entry_id_journal_entries_id_fk" FOREIGN KEY ("entry_id") REFERENCES "public"."journal_entries"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE UNIQUE INDEX "journal_seals_entry" ON "journal_seals" USING btree ("entry_id");--> statement-breakpoint
CREATE INDEX "ledger_audits_finished" ON "ledger_audits" USING btree ("finished_at");--> statement-breakpoint
CREATE TRIGGER journal_seals_append_only BEFORE UPDATE OR DELETE ON "journal_seals" FOR EACH ROW EXECUTE FUNCTION append_only();
--> statement-breakpoint
CREATE TRIGGER ledger_audits_append_only BEFORE UPDATE OR DELETE ON "ledger_audits" FOR EACH ROW EXECUTE FUNCTION append_only();
