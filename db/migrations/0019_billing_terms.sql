CREATE TABLE "billing_terms" (
	"id" uuid PRIMARY KEY NOT NULL,
	"name" text NOT NULL,
	"renewal_lead_days" integer NOT NULL,
	"reminder_days" jsonb NOT NULL,
	"order_reminder_days" jsonb NOT NULL,
	"notice_hours" integer NOT NULL,
	"suspend_after_days" integer NOT NULL,
	"terminate_after_days" integer NOT NULL,
	"created_at" timestamp (3) with time zone NOT NULL,
	"updated_at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "billing_terms_notice" CHECK ("billing_terms"."notice_hours" >= 24 and "billing_terms"."notice_hours" <= "billing_terms"."suspend_after_days" * 24),
	CONSTRAINT "billing_terms_order" CHECK ("billing_terms"."renewal_lead_days" > 0 and "billing_terms"."terminate_after_days" > "billing_terms"."suspend_after_days")
);
--> statement-breakpoint
CREATE TABLE "client_group_members" (
	"client_id" uuid PRIMARY KEY NOT NULL,
	"group_id" uuid NOT NULL
);
--> statement-breakpoint
CREATE TABLE "client_groups" (
	"id" uuid PRIMARY KEY NOT NULL,
	"name" text NOT NULL,
	"terms_id" uuid,
	"created_at" timestamp (3) with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "product_terms" (
	"product_id" uuid PRIMARY KEY NOT NULL,
	"terms_id" uuid NOT NULL
);
--> statement-breakpoint
ALTER TABLE "client_group_members" ADD CONSTRAINT "client_group_members_client_id_users_id_fk" FOREIGN KEY ("client_id") REFERENCES "public"."users"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "client_group_members" ADD CONSTRAINT "client_group_members_group_id_client_groups_id_fk" FOREIGN KEY ("group_id") REFERENCES "public"."client_groups"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "client_groups" ADD CONSTRAINT "client_groups_terms_id_billing_terms_id_fk" FOREIGN KEY ("terms_id") REFERENCES "public"."billing_terms"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "product_terms" ADD CONSTRAINT "product_terms_product_id_products_id_fk" FOREIGN KEY ("product_id") REFERENCES "public"."products"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "product_terms" ADD CONSTRAINT "product_terms_terms_id_billing_terms_id_fk" FOREIGN KEY ("terms_id") REFERENCES "public"."billing_terms"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE UNIQUE INDEX "billing_terms_name" ON "billing_terms" USING btree (lower("name"));--> statement-breakpoint
CREATE INDEX "client_group_members_group" ON "client_group_members" USING btree ("group_id");--> statement-breakpoint
CREATE UNIQUE INDEX "client_groups_name" ON "client_groups" USING btree (lower("name"));--> statement-breakpoint
CREATE INDEX "client_groups_terms" ON "client_groups" USING btree ("terms_id");--> statement-breakpoint
CREATE INDEX "product_terms_terms" ON "product_terms" USING btree ("terms_id");