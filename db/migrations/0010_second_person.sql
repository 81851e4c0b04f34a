ALTER TABLE "billing_runs" ADD COLUMN "house" text;--> statement-breakpoint
ALTER TABLE "billing_runs" ADD COLUMN "confirmed_by" uuid;--> statement-breakpoint
ALTER TABLE "billing_runs" ADD CONSTRAINT "billing_runs_confirmed_by_users_id_fk" FOREIGN KEY ("confirmed_by") REFERENCES "public"."users"("id") ON DELETE no action ON UPDATE no action;