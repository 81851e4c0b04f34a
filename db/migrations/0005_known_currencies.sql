ALTER TABLE "promo_codes" ADD CONSTRAINT "promo_codes_currency" CHECK ("promo_codes"."currency" in ('IDR'));--> statement-breakpoint
ALTER TABLE "tlds" ADD CONSTRAINT "tlds_currency" CHECK ("tlds"."currency" in ('IDR'));--> statement-breakpoint
ALTER TABLE "invoice_lines" ADD CONSTRAINT "invoice_lines_currency" CHECK ("invoice_lines"."currency" in ('IDR'));--> statement-breakpoint
ALTER TABLE "invoices" ADD CONSTRAINT "invoices_currency" CHECK ("invoices"."currency" in ('IDR'));--> statement-breakpoint
ALTER TABLE "journal_lines" ADD CONSTRAINT "journal_lines_currency" CHECK ("journal_lines"."currency" in ('IDR'));--> statement-breakpoint
ALTER TABLE "orders" ADD CONSTRAINT "orders_currency" CHECK ("orders"."currency" in ('IDR'));--> statement-breakpoint
ALTER TABLE "paid_periods" ADD CONSTRAINT "paid_periods_currency" CHECK ("paid_periods"."currency" in ('IDR'));--> statement-breakpoint
ALTER TABLE "services" ADD CONSTRAINT "services_currency" CHECK ("services"."currency" in ('IDR'));--> statement-breakpoint
ALTER TABLE "payments" ADD CONSTRAINT "payments_currency" CHECK ("payments"."currency" in ('IDR'));