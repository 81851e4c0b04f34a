ALTER TABLE "product_stock" DROP CONSTRAINT "product_stock_limited";--> statement-breakpoint
ALTER TABLE "product_stock" ADD CONSTRAINT "product_stock_limited" CHECK ("product_stock"."limited_by" in ('memory', 'storage', 'storage_content', 'cpu', 'addresses', 'network', 'stock_limit', 'accounts', 'disk', 'connections', 'unknown'));
--> statement-breakpoint
-- hand-written: begin
-- A trigger before an update, even one of another column, locks each row first and writes a record of that: for the thousands of rows that each look at a hypervisor changes, twice the records in its log. Afterwards it guards as well.
DROP TRIGGER resources_transition ON resources;
--> statement-breakpoint
CREATE TRIGGER resources_transition AFTER UPDATE OF status ON resources FOR EACH ROW EXECUTE FUNCTION transition_allowed('resource');
-- hand-written: end
