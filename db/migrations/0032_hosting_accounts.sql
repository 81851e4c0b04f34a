CREATE TABLE "hosting_accounts" (
	"service_id" uuid PRIMARY KEY NOT NULL,
	"domain" text NOT NULL,
	"birth" text,
	"ip" text,
	"released" boolean DEFAULT false NOT NULL,
	"changed_at" timestamp (3) with time zone NOT NULL
);
--> statement-breakpoint
ALTER TABLE "panel_servers" ADD COLUMN "nameservers" jsonb;--> statement-breakpoint
ALTER TABLE "hosting_accounts" ADD CONSTRAINT "hosting_accounts_service_id_services_id_fk" FOREIGN KEY ("service_id") REFERENCES "public"."services"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE UNIQUE INDEX "hosting_accounts_domain" ON "hosting_accounts" USING btree ("domain") WHERE not released;