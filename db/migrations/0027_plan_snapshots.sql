CREATE TABLE "plan_snapshot_entries" (
	"snapshot_id" uuid NOT NULL,
	"service_id" uuid NOT NULL,
	"kind" text NOT NULL,
	"mark" text NOT NULL,
	"invoice_id" uuid,
	"period_start" timestamp (3) with time zone,
	"amount" bigint,
	"currency" char(3) DEFAULT 'IDR' NOT NULL,
	"due_since" timestamp (3) with time zone NOT NULL,
	"planned_at" timestamp (3) with time zone NOT NULL,
	"held" boolean NOT NULL,
	CONSTRAINT "plan_snapshot_entries_snapshot_id_service_id_kind_mark_pk" PRIMARY KEY("snapshot_id","service_id","kind","mark"),
	CONSTRAINT "plan_snapshot_entries_currency" CHECK ("plan_snapshot_entries"."currency" in ('IDR')),
	CONSTRAINT "plan_snapshot_entries_kind" CHECK ("plan_snapshot_entries"."kind" in ('issue_renewal_invoice', 'send_reminder', 'mark_past_due', 'charge_late_fee', 'send_final_notice', 'suspend', 'terminate', 'end_at_period_end', 'expire_order'))
);
--> statement-breakpoint
CREATE TABLE "plan_snapshots" (
	"id" uuid PRIMARY KEY NOT NULL,
	"day" date NOT NULL,
	"taken_at" timestamp (3) with time zone NOT NULL,
	"until" timestamp (3) with time zone NOT NULL,
	"finished_at" timestamp (3) with time zone,
	"entries" integer DEFAULT 0 NOT NULL
);
--> statement-breakpoint
ALTER TABLE "mails" ADD COLUMN "read_at" timestamp (3) with time zone;--> statement-breakpoint
ALTER TABLE "plan_snapshot_entries" ADD CONSTRAINT "plan_snapshot_entries_snapshot_id_plan_snapshots_id_fk" FOREIGN KEY ("snapshot_id") REFERENCES "public"."plan_snapshots"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE UNIQUE INDEX "plan_snapshots_day" ON "plan_snapshots" USING btree ("day") WHERE finished_at is not null;--> statement-breakpoint
CREATE INDEX "plan_snapshots_taken" ON "plan_snapshots" USING btree ("taken_at");