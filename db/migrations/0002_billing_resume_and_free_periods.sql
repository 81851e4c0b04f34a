ALTER TABLE "paid_periods" ALTER COLUMN "invoice_id" DROP NOT NULL;--> statement-breakpoint
ALTER TABLE "renewals" ALTER COLUMN "invoice_id" DROP NOT NULL;--> statement-breakpoint
ALTER TABLE "services" ADD COLUMN "resume_requested_at" timestamp (3) with time zone;