CREATE TABLE "trials" (
	"client_id" uuid NOT NULL,
	"product_id" uuid NOT NULL,
	"service_id" uuid NOT NULL,
	"started_at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "trials_client_id_product_id_pk" PRIMARY KEY("client_id","product_id")
);
--> statement-breakpoint
CREATE TABLE "alignment_services" (
	"alignment_id" uuid NOT NULL,
	"service_id" uuid NOT NULL,
	CONSTRAINT "alignment_services_alignment_id_service_id_pk" PRIMARY KEY("alignment_id","service_id")
);
--> statement-breakpoint
CREATE TABLE "alignments" (
	"id" uuid PRIMARY KEY NOT NULL,
	"client_id" uuid NOT NULL,
	"day" text NOT NULL,
	"status" text NOT NULL,
	"invoice_id" uuid NOT NULL,
	"expires_at" timestamp (3) with time zone NOT NULL,
	"actor" text NOT NULL,
	"created_at" timestamp (3) with time zone NOT NULL,
	"closed_at" timestamp (3) with time zone,
	CONSTRAINT "alignments_status" CHECK ("alignments"."status" in ('waiting', 'applied', 'lapsed', 'cancelled'))
);
--> statement-breakpoint
ALTER TABLE "services" DROP CONSTRAINT "services_end";--> statement-breakpoint
ALTER TABLE "service_discounts" DROP CONSTRAINT "service_discounts_service_id_promo_id_pk";--> statement-breakpoint
ALTER TABLE "service_discounts" ALTER COLUMN "promo_id" DROP NOT NULL;--> statement-breakpoint
ALTER TABLE "products" ADD COLUMN "trial_days" integer;--> statement-breakpoint
ALTER TABLE "products" ADD COLUMN "fixed_term_periods" integer;--> statement-breakpoint
ALTER TABLE "service_discounts" ADD COLUMN "id" uuid PRIMARY KEY DEFAULT gen_random_uuid() NOT NULL;--> statement-breakpoint
ALTER TABLE "service_discounts" ADD COLUMN "ends_at" timestamp (3) with time zone;--> statement-breakpoint
ALTER TABLE "services" ADD COLUMN "trial_ends_at" timestamp (3) with time zone;--> statement-breakpoint
ALTER TABLE "services" ADD COLUMN "term_periods" integer;--> statement-breakpoint
ALTER TABLE "services" ADD COLUMN "ends_at" timestamp (3) with time zone;--> statement-breakpoint
ALTER TABLE "services" ADD COLUMN "end_told_days" integer;--> statement-breakpoint
ALTER TABLE "trials" ADD CONSTRAINT "trials_client_id_users_id_fk" FOREIGN KEY ("client_id") REFERENCES "public"."users"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "trials" ADD CONSTRAINT "trials_product_id_products_id_fk" FOREIGN KEY ("product_id") REFERENCES "public"."products"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "trials" ADD CONSTRAINT "trials_service_id_services_id_fk" FOREIGN KEY ("service_id") REFERENCES "public"."services"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "alignment_services" ADD CONSTRAINT "alignment_services_alignment_id_alignments_id_fk" FOREIGN KEY ("alignment_id") REFERENCES "public"."alignments"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "alignment_services" ADD CONSTRAINT "alignment_services_service_id_services_id_fk" FOREIGN KEY ("service_id") REFERENCES "public"."services"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "alignments" ADD CONSTRAINT "alignments_client_id_users_id_fk" FOREIGN KEY ("client_id") REFERENCES "public"."users"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "alignments" ADD CONSTRAINT "alignments_invoice_id_invoices_id_fk" FOREIGN KEY ("invoice_id") REFERENCES "public"."invoices"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE UNIQUE INDEX "trials_service" ON "trials" USING btree ("service_id");--> statement-breakpoint
CREATE INDEX "trials_product" ON "trials" USING btree ("product_id");--> statement-breakpoint
CREATE INDEX "alignment_services_service" ON "alignment_services" USING btree ("service_id");--> statement-breakpoint
CREATE UNIQUE INDEX "alignments_invoice" ON "alignments" USING btree ("invoice_id");--> statement-breakpoint
CREATE INDEX "alignments_client" ON "alignments" USING btree ("client_id","created_at");--> statement-breakpoint
CREATE INDEX "alignments_expires" ON "alignments" USING btree ("expires_at") WHERE status = 'waiting';--> statement-breakpoint
CREATE UNIQUE INDEX "service_discounts_once" ON "service_discounts" USING btree ("service_id","promo_id");--> statement-breakpoint
CREATE INDEX "service_discounts_service" ON "service_discounts" USING btree ("service_id");--> statement-breakpoint
CREATE INDEX "services_ends" ON "services" USING btree ("ends_at") WHERE ends_at is not null and status <> 'ended';--> statement-breakpoint
ALTER TABLE "products" ADD CONSTRAINT "products_trial" CHECK ("products"."trial_days" between 3 and 90);--> statement-breakpoint
ALTER TABLE "products" ADD CONSTRAINT "products_term" CHECK ("products"."fixed_term_periods" between 1 and 120);--> statement-breakpoint
ALTER TABLE "services" ADD CONSTRAINT "services_term" CHECK ("services"."term_periods" between 1 and 120);--> statement-breakpoint
ALTER TABLE "services" ADD CONSTRAINT "services_end" CHECK ("services"."end_reason" in ('nonpayment', 'request', 'fraud', 'order_expired', 'fixed_term'));--> statement-breakpoint
CREATE TRIGGER alignments_transition BEFORE UPDATE OF status ON alignments FOR EACH ROW EXECUTE FUNCTION transition_allowed('alignment');--> statement-breakpoint
INSERT INTO allowed_transitions (entity, "from", "to") VALUES ('alignment', 'waiting', 'applied'), ('alignment', 'waiting', 'lapsed'), ('alignment', 'waiting', 'cancelled');
